import { findMediaTools, readToolVersion, type MediaTools } from '@tapedeck/media';
import { ConfigError, type ConversionConfig } from '@tapedeck/runtime';

export interface PreparedTools {
  tools: MediaTools;
  ffmpegVersion: string;
}

export interface ToolsPlace {
  /** A directory of the caller's, in which FFmpeg is tried as it will be used. */
  dir: string;
  /** Where programs are looked for: PATH. */
  searchPath: string | undefined;
}

/**
 * Finds FFmpeg and ffprobe, and what can hold them on this machine.
 * @throws ConfigError when one of the programs does not run: what cannot be opened for want of a program would look like
 *   a broken recording
 */
export async function prepareTools(
  { ffmpegPath, ffprobePath, encodeMemoryBytes }: ConversionConfig,
  { dir, searchPath }: ToolsPlace,
): Promise<PreparedTools> {
  const ffmpegVersion = await requireVersion('FFMPEG_PATH', ffmpegPath, searchPath);
  await requireVersion('FFPROBE_PATH', ffprobePath, searchPath);
  const tools = await findMediaTools({
    ...{ ffmpegPath, ffprobePath, searchPath },
    ...{ workDir: dir, memoryBytes: encodeMemoryBytes },
  });
  return { tools, ffmpegVersion };
}

async function requireVersion(variable: string, path: string, searchPath: string | undefined): Promise<string> {
  const version = await readToolVersion(path, searchPath);
  if (version) return version;
  throw new ConfigError(`${variable}: expected a program that answers -version, got ${JSON.stringify(path)}`);
}
