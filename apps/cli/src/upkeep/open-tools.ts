import { totalmem } from 'node:os';
import { findMediaTools, readToolVersion, type MediaTools } from '@tapedeck/media';
import { ConfigError } from '@tapedeck/runtime';
import type { CliConfig } from '../config.ts';

/**
 * @param workDir a directory of the caller's, in which FFmpeg is tried
 * @throws ConfigError: what cannot be opened for want of a program would look like a broken result
 */
export async function openTools(
  config: CliConfig,
  searchPath: string | undefined,
  workDir: string,
): Promise<MediaTools> {
  const { FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath } = config;
  for (const [variable, path] of Object.entries({ FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath })) {
    if (await readToolVersion(path, searchPath)) continue;
    throw new ConfigError(`${variable}: expected a program that answers -version, got ${JSON.stringify(path)}`);
  }
  return findMediaTools({ ffmpegPath, ffprobePath, searchPath, workDir, memoryBytes: totalmem() });
}
