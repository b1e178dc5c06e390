import { prepareTools } from '@tapedeck/conversion';
import type { MediaTools } from '@tapedeck/media';
import { ConfigError } from '@tapedeck/runtime';
import type { CliConfig } from './config.ts';
import { UnavailableError } from './exit-code.ts';

/**
 * @param dir a directory of the caller's, in which FFmpeg is tried
 * @throws UnavailableError when FFmpeg or ffprobe does not run
 */
export async function openTools(config: CliConfig, searchPath: string | undefined, dir: string): Promise<MediaTools> {
  try {
    return (await prepareTools(config, { dir, searchPath })).tools;
  } catch (error) {
    // Whoever runs a command has no FFmpeg; whoever runs a worker has named the wrong one.
    throw error instanceof ConfigError ? new UnavailableError(error.message, { cause: error }) : error;
  }
}
