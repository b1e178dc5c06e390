import { findMediaTools, readToolVersion } from '@tapedeck/media';
import type { CliConfig } from '../config.ts';
import type { Finding } from './finding.ts';

/** FFmpeg, ffprobe, and what keeps them in their place. */
export async function examineTools(config: CliConfig, path: string | undefined): Promise<Finding[]> {
  const { FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath } = config;
  const versions = [await examineVersion('FFMPEG_PATH', ffmpegPath), await examineVersion('FFPROBE_PATH', ffprobePath)];
  const { guards } = await findMediaTools(ffmpegPath, ffprobePath, path);
  const names = guards.map(({ name }) => name).join(', ');
  if (names) return [...versions, { verdict: 'ok', what: `FFmpeg is guarded here: ${names}` }];
  const advice = 'Install util-linux (setpriv, choom, prlimit): without them FFmpeg outlives its worker.';
  return [...versions, { verdict: 'warns', what: 'FFmpeg is guarded by nothing', advice }];
}

async function examineVersion(variable: string, program: string): Promise<Finding> {
  const version = await readToolVersion(program);
  if (version) return { verdict: 'ok', what: `${program} ${version}` };
  return {
    verdict: 'fails',
    what: `${program} does not answer -version`,
    advice: `Install Debian's package ffmpeg, or name the program in ${variable}. The API does not need it.`,
  };
}
