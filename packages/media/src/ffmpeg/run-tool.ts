import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { JobError } from '@tapedeck/contracts';
import { createProgressParser, type EncodeProgress } from './progress.ts';
import { wrapAll } from './guards.ts';
import type { MediaTools, ToolReport } from './tools.ts';
import { assertOnlyFiles } from './written-files.ts';

export interface ToolRun {
  tool: 'ffmpeg' | 'ffprobe';
  args: readonly string[];
  /** The attempt's workspace. All file names in `args` are relative to it, so that no message holds a path of ours. */
  cwd: string;
  signal: AbortSignal;
  /** The whole run. */
  timeoutMs: number;
  /** No line of progress for this long ends the run. Only for ffmpeg with `onProgress`. */
  stallMs?: number;
  onProgress?: (progress: EncodeProgress) => void;
  /** Gets stdout line by line as it comes; then `stdout` of the result stays empty, however long it was. */
  onLine?: (line: string) => void;
}

/** Success and failure have one shape. */
export interface ToolResult {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  timedOut: boolean;
  stalled: boolean;
  durationMs: number;
  stdout: string;
  /** The first 200 characters: what it complained of first. */
  stderrHead: string;
  /** The last 500 characters. */
  stderrTail: string;
  /** FFmpeg can exit 0 after it lost data; then stderr says so, somewhere. */
  writeFailed: boolean;
  diskFull: boolean;
}

const STDERR_HEAD_CHARS = 200;
const STDERR_TAIL_CHARS = 500;
const MAX_STDOUT_BYTES = 8 * 1024 * 1024;
const KILL_AFTER_MS = 5_000;
const DRAIN_MS = 3_000;
const DISK_FULL = /No space left on device|Disk quota exceeded/;
const WRITE_FAILURE = /Error writing|av_interleaved_write_frame|File too large|Input\/output error/;

/**
 * Runs FFmpeg or ffprobe to its end, and is the only place that does.
 *
 * What always holds when it returns or throws: the whole process group is gone; stdin was never readable; no shell saw
 * the arguments; the child had none of our environment; in `cwd` there are only files and folders.
 * @throws JobError WORKER_INTERNAL when the program cannot be started; ENCODE_OUTPUT_INVALID when it left other things; the signal's reason when it was aborted.
 */
export async function runTool(tools: MediaTools, run: ToolRun): Promise<ToolResult> {
  const result = await runToEnd(tools, run);
  await assertOnlyFiles(run.cwd);
  return result;
}

async function runToEnd(tools: MediaTools, run: ToolRun): Promise<ToolResult> {
  run.signal.throwIfAborted();
  const startedAt = performance.now();
  const child = spawnGuarded(tools, run);
  const output = collectOutput(child, run);
  const stop = superviseChild(child, run, output.lastProgressAt);
  try {
    const { exitCode, signal } = await waitForClose(child, run.tool);
    const durationMs = Math.round(performance.now() - startedAt);
    const result = { exitCode, signal, durationMs, ...stop.reason(), ...output.read() };
    tools.onRun?.({ ...describeRun(run), ...result });
    run.signal.throwIfAborted();
    return result;
  } finally {
    stop.disarm();
  }
}

function describeRun({ tool, args, cwd, onProgress }: ToolRun): Pick<ToolReport, 'tool' | 'args' | 'isEncode'> {
  return { tool, args: args.map((arg) => arg.replaceAll(cwd, '.')), isEncode: onProgress !== undefined };
}

function spawnGuarded(tools: MediaTools, run: ToolRun): ChildProcess {
  const path = run.tool === 'ffmpeg' ? tools.ffmpegPath : tools.ffprobePath;
  const [file, ...args] = [...wrapAll(tools.guards, run.cwd), path, ...run.args];
  return spawn(file!, args, {
    cwd: run.cwd,
    // A process group of its own: signals reach whatever it starts, and a Ctrl-C in our terminal does not.
    detached: true,
    env: { PATH: tools.searchPath, LC_ALL: 'C', HOME: run.cwd },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
}

/** What FFmpeg says may be shown to callers: without addresses in memory and without our directory. */
function stripMachine(text: string, cwd: string): string {
  return text
    .replaceAll(/ @ 0x[0-9a-f]+/g, '')
    .replaceAll(cwd, '.')
    .trim();
}

function collectOutput(child: ChildProcess, { cwd, onProgress, onLine }: ToolRun) {
  const stdout: Buffer[] = [];
  let stdoutBytes = 0;
  const splitLines = onLine && createLineSplitter(onLine);
  let stderrHead = '';
  let stderrTail = '';
  let writeFailed = false;
  let diskFull = false;
  let progressAt = performance.now();
  child.stdout!.on('data', (chunk: Buffer) => {
    if (splitLines) return splitLines(chunk.toString('latin1'));
    stdoutBytes += chunk.length;
    if (stdoutBytes <= MAX_STDOUT_BYTES) stdout.push(chunk);
  });
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    const text = stderrTail.slice(-80) + chunk;
    diskFull ||= DISK_FULL.test(text);
    writeFailed ||= WRITE_FAILURE.test(text);
    stderrHead = (stderrHead + chunk).slice(0, STDERR_HEAD_CHARS);
    stderrTail = (stderrTail + chunk).slice(-STDERR_TAIL_CHARS);
  });
  const parse = createProgressParser((progress) => {
    if (progress.advanced) progressAt = performance.now();
    onProgress?.(progress);
  });
  (child.stdio[3] as Readable).setEncoding('utf8').on('data', parse);
  return {
    lastProgressAt: () => progressAt,
    read: () => ({
      stdout: Buffer.concat(stdout).toString('utf8'),
      stderrHead: stripMachine(stderrHead, cwd),
      stderrTail: stripMachine(stderrTail, cwd),
      writeFailed,
      diskFull,
    }),
  };
}

function createLineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let pending = '';
  return (chunk) => {
    const lines = (pending + chunk).split('\n');
    pending = lines.pop() ?? '';
    lines.forEach(onLine);
  };
}

/** Ends the child when it is aborted, too slow, or stuck: SIGTERM to the group, SIGKILL after five seconds. */
function superviseChild(child: ChildProcess, run: ToolRun, lastProgressAt: () => number) {
  let timedOut = false;
  let stalled = false;
  let killTimer: NodeJS.Timeout | undefined;
  const terminate = (): void => {
    if (killTimer) return;
    killGroup(child, 'SIGTERM');
    killTimer = setTimeout(() => killGroup(child, 'SIGKILL'), KILL_AFTER_MS);
  };
  const timeout = setTimeout(() => {
    timedOut = true;
    terminate();
  }, run.timeoutMs);
  const watchdog = setInterval(() => {
    if (run.stallMs === undefined || performance.now() - lastProgressAt() < run.stallMs) return;
    stalled = true;
    terminate();
  }, 1_000);
  run.signal.addEventListener('abort', terminate, { once: true });
  return {
    reason: () => ({ timedOut, stalled }),
    disarm: () => {
      clearTimeout(timeout);
      clearTimeout(killTimer);
      clearInterval(watchdog);
      run.signal.removeEventListener('abort', terminate);
      // Whatever the child itself started and left behind.
      killGroup(child, 'SIGKILL');
    },
  };
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: nobody is left in the group, which is what was wanted.
  }
}

type ToolEnd = Pick<ToolResult, 'exitCode' | 'signal'>;

function waitForClose(child: ChildProcess, tool: string): Promise<ToolEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new JobError('WORKER_INTERNAL', `${tool} cannot be started`, { cause })));
    let drain: NodeJS.Timeout | undefined;
    child.once('exit', () => {
      // What it wrote has arrived by then; a daemon that it left behind could hold our pipes open for ever.
      drain = setTimeout(() => child.stdio.forEach((stream) => stream?.destroy()), DRAIN_MS);
    });
    child.once('close', (exitCode, signal) => {
      clearTimeout(drain);
      resolve(signal === null ? readEnd(exitCode) : { exitCode, signal });
    });
  });
}

/** Whoever waits for a child of its own reports the signal that ended it as a shell does. No FFmpeg ends with these codes. */
function readEnd(exitCode: number | null): ToolEnd {
  const signals = Object.entries(constants.signals) as [NodeJS.Signals, number][];
  const signal = signals.find(([, number]) => exitCode === 128 + number)?.[0];
  return signal ? { exitCode: null, signal } : { exitCode, signal: null };
}
