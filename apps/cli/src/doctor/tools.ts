import { mkdtemp, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { JobError } from '@tapedeck/contracts';
import {
  describeProtections,
  findMediaTools,
  findMissingEncoders,
  readToolVersion,
  tryEncode,
  type MediaTools,
  type Protection,
} from '@tapedeck/media';
import type { CliConfig } from '../config.ts';
import type { Finding } from './finding.ts';
import { isAtLeast } from './is-at-least.ts';
import { systemCodeOf } from '../system-code.ts';

/** Debian 12's, the oldest that the tests run on. */
const LEAST_VERSION = '5.1';
const TRIAL_TIMEOUT_MS = 60_000;

/** FFmpeg, ffprobe, what they can do, and what keeps them in their place. */
export async function examineTools(config: CliConfig, path: string | undefined): Promise<Finding[]> {
  const { FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath, workDir } = config;
  const versions = [
    await examineVersion('FFMPEG_PATH', ffmpegPath, path),
    await examineVersion('FFPROBE_PATH', ffprobePath, path),
  ];
  const options = { ffmpegPath, ffprobePath, searchPath: path, workDir, memoryBytes: totalmem() };
  const tools = await findMediaTools(options).catch(orNoWorkDir);
  if (!tools) return [...versions, { ...NO_WORK_DIR, what: `${NO_WORK_DIR.what} (${workDir})` }];
  const canRun = versions.every(({ verdict }) => verdict !== 'fails');
  const abilities = canRun ? [...(await examineEncoders(tools)), await examineTrial(tools, workDir)] : [];
  const { held, missing } = describeProtections(tools.guards);
  const guarded: Finding[] = held.map((protection) => ({ verdict: 'ok', what: `FFmpeg: ${protection}` }));
  return [...versions, ...abilities, ...guarded, ...missing.map(adviseOn)];
}

const NO_WORK_DIR: Finding = {
  verdict: 'fails',
  what: 'FFmpeg was not tried: nothing can be written to WORK_DIR',
  advice: 'Make the directory, and let this user write there.',
};

/** The system's errors are of the directory; programs that do not run throw none. */
function orNoWorkDir(error: unknown): undefined {
  if (systemCodeOf(error)) return undefined;
  throw error;
}

async function examineEncoders(tools: MediaTools): Promise<Finding[]> {
  const missing = await findMissingEncoders(tools);
  if (missing.length === 0) return [{ verdict: 'ok', what: 'FFmpeg has the encoders that conversions use' }];
  const advice = "Use a build that has them; Debian's package ffmpeg does.";
  return [{ verdict: 'fails', what: `FFmpeg lacks encoders: ${missing.join(', ')}`, advice }];
}

/** As a job does it, with the same runner and in the same guards. */
async function examineTrial(tools: MediaTools, workDir: string): Promise<Finding> {
  const cwd = await mkdtemp(join(workDir, '.tapedeck-trial-'));
  const startedAtMs = performance.now();
  try {
    const { sizeBytes } = await tryEncode(tools, { cwd, signal: AbortSignal.timeout(TRIAL_TIMEOUT_MS) });
    const tookMs = Math.round(performance.now() - startedAtMs);
    return { verdict: 'ok', what: `FFmpeg makes an MP4 that passes verification (${sizeBytes} bytes in ${tookMs} ms)` };
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    const advice = `${error.message}. No conversion would succeed here: is FFmpeg whole, and does WORK_DIR have room?`;
    return { verdict: 'fails', what: 'FFmpeg makes an MP4 that passes verification: no', advice };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
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
  if (!version) {
    return {
      verdict: 'fails',
      what: `${program} does not answer -version`,
      advice: `Install Debian's package ffmpeg, or name the program in ${variable}. The API does not need it.`,
    };
  }
  // Builds from the development tree have no number.
  const [number] = /\d+\.\d+[\d.]*/.exec(version.replace(/^N-.*/, '')) ?? [];
  if (number === undefined || isAtLeast(number, LEAST_VERSION)) return { verdict: 'ok', what: `${program} ${version}` };
  const advice = `Update it: nothing older than ${LEAST_VERSION} was tried.`;
  return { verdict: 'warns', what: `${program} ${version} is old`, advice };
}
