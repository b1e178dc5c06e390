import { tmpdir, totalmem } from 'node:os';
import { describeProtections, findMediaTools, readToolVersion, type Protection } from '@tapedeck/media';
import type { CliConfig } from '../config.ts';
import type { Finding } from './finding.ts';

/** FFmpeg, ffprobe, and what keeps them in their place. */
export async function examineTools(config: CliConfig, path: string | undefined): Promise<Finding[]> {
  const { FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath } = config;
  const versions = [
    await examineVersion('FFMPEG_PATH', ffmpegPath, path),
    await examineVersion('FFPROBE_PATH', ffprobePath, path),
  ];
  const tools = await findMediaTools({
    ...{ ffmpegPath, ffprobePath, searchPath: path },
    ...{ workDir: tmpdir(), memoryBytes: totalmem() },
  });
  const { held, missing } = describeProtections(tools.guards);
  const guarded: Finding[] = held.map((protection) => ({ verdict: 'ok', what: `FFmpeg: ${protection}` }));
  return [...versions, ...guarded, ...missing.map(adviseOn)];
}

const UTIL_LINUX = 'Install util-linux (setpriv, choom, prlimit), and let the container use it.';
const SANDBOX =
  "Install Debian's package bubblewrap, keep FFmpeg below /usr or /opt, and let the container make namespaces: " +
  'docs/operations.md, "What keeps FFmpeg in its place", says how.';
const ADVICE: Record<Protection, string> = {
  'dies with the worker': UTIL_LINUX,
  'first to go when memory ends': UTIL_LINUX,
  'bounded file size, CPU time and memory': UTIL_LINUX,
  'no new privileges': UTIL_LINUX,
  'no network': SANDBOX,
  'no files but its own': SANDBOX,
  'no processes but its own': SANDBOX,
  'bounded number of processes': `Run the worker as another user than root, which no such limit holds. ${SANDBOX}`,
};

function adviseOn(protection: Protection): Finding {
  return { verdict: 'warns', what: `FFmpeg lacks: ${protection}`, advice: ADVICE[protection] };
}

async function examineVersion(variable: string, program: string, path: string | undefined): Promise<Finding> {
  const version = await readToolVersion(program, path);
  if (version) return { verdict: 'ok', what: `${program} ${version}` };
  return {
    verdict: 'fails',
    what: `${program} does not answer -version`,
    advice: `Install Debian's package ffmpeg, or name the program in ${variable}. The API does not need it.`,
  };
}
