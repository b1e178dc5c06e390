import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readToolVersion } from '@tapedeck/media';
import { runScript } from '../scripts/run-script.ts';
import { measureBudgets } from './budgets.ts';
import { compareWays } from './compare.ts';
import { formatJobs, measureJobs, type JobsResult } from './jobs.ts';
import { compareLadders, type LadderResult } from './ladder.ts';
import { describeVideo, formatLadder } from './ladder-report.ts';
import { createBench, type Bench } from './measure.ts';
import { describeTape, formatBudgets, formatComparison, formatLimits } from './report.ts';
import { startService } from './service.ts';
import { makeTape } from './tape.ts';
import { makeVideo } from './video.ts';

/**
 * `npm run bench [-- --rounds N] [--seed N] [--short] [--only tape|ladder|jobs]`: our ways of making a tape's MP4 and a
 * video's stream beside the commands that they replace, and the API's answers with many jobs in Redis. Prints tables and
 * writes bench/report.json. Fails when something does not run, never because it is slow. `--short` finds out whether all
 * of it runs; its figures say nothing.
 */
interface Settings {
  rounds: number;
  seed: number;
  /** Of the main tape, at 30 frames a second. */
  frameCount: number;
  /** Of the long tape, at 60 frames a second. */
  longFrameCount: number;
  /** Output size = 640x480 × scale. */
  scale: number;
  /** Of the videos. */
  durationSec: number;
  /** What the videos' sides are divided by. */
  shrink: number;
  /** In Redis, while the API is asked for them. */
  jobs: number;
  parts: readonly Part[];
}

type Part = (typeof PARTS)[number];
const PARTS = ['tape', 'ladder', 'jobs'] as const;

/** Each is measured with every ladder beside it. */
const VIDEOS = [
  { width: 1280, height: 720, ladders: ['mobile'] },
  { width: 1920, height: 1080, ladders: ['mobile', 'web'] },
] as const;

const REPORT_FILE = new URL('report.json', import.meta.url);

function parseSettings(args: string[]): Settings {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      short: { type: 'boolean' },
      only: { type: 'string' },
    },
  });
  const size = values.short
    ? { frameCount: 8, longFrameCount: 16, scale: 2, durationSec: 1, shrink: 2, jobs: 200 }
    : { frameCount: 120, longFrameCount: 600, scale: 6, durationSec: 40, shrink: 1, jobs: 100_000 };
  const rounds = parseCount('--rounds', values.rounds ?? (values.short ? '1' : '3'));
  const parts = values.only === undefined ? PARTS : [parsePart(values.only)];
  return { rounds, seed: parseCount('--seed', values.seed), ...size, parts };
}

function parsePart(text: string): Part {
  const part = PARTS.find((known) => known === text);
  if (part) return part;
  throw new Error(`bench: --only: expected ${PARTS.join(' or ')}, got ${JSON.stringify(text)}`);
}

function parseCount(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`bench: ${name}: expected a whole number above 0, got ${JSON.stringify(text)}`);
}

async function runBench(bench: Bench, settings: Settings): Promise<object> {
  const machine = await describeMachine(bench);
  console.log(machine.summary);
  const tapes = settings.parts.includes('tape') && (await runTapes(bench, settings));
  const ladders = settings.parts.includes('ladder') && (await runLadders(bench, settings));
  const jobs = settings.parts.includes('jobs') && { jobs: await runJobs(settings) };
  const loadAfter = loadavg();
  console.log(`\nLoad average: ${formatLoad(machine.loadBefore)} before, ${formatLoad(loadAfter)} after.`);
  return { settings, machine: { ...machine, loadAfter }, ...tapes, ...ladders, ...jobs };
}

async function runTapes(bench: Bench, settings: Settings): Promise<object> {
  const { rounds, seed, frameCount, longFrameCount, scale } = settings;
  const tape = await makeTape(join(bench.dir, 'tape'), { frameCount, framesPerSec: 30, seed }, bench.signal);
  console.log(`\nTape: ${describeTape(tape, scale)}. Medians of ${rounds}.`);
  const ways = await compareWays(bench, tape, {
    title: '30 fps',
    ways: ['ours', 'plain', 'corrected'],
    rounds,
    scale,
    judgesQuality: true,
  });
  console.log(`\n${formatComparison(ways)}\n\n${formatLimits(ways, frameCount)}`);

  console.log('\nMemory: the plan for each budget, its estimate, and the peak that the kernel counted.');
  const budgets = await measureBudgets(bench, tape, scale);
  console.log(`\n${formatBudgets(budgets)}`);

  const longSpec = { frameCount: longFrameCount, framesPerSec: 60, seed };
  const longTape = await makeTape(join(bench.dir, 'long-tape'), longSpec, bench.signal);
  console.log(`\nTape: ${describeTape(longTape, scale)}. Medians of ${rounds}.`);
  const longWays = await compareWays(bench, longTape, {
    title: '60 fps',
    ways: ['ours', 'corrected'],
    rounds,
    scale,
    judgesQuality: false,
  });
  console.log(`\n${formatComparison(longWays)}`);
  return { tape: { ways, budgets }, longTape: { ways: longWays } };
}

async function runLadders(bench: Bench, { rounds, seed, durationSec, shrink }: Settings): Promise<object> {
  const results: LadderResult[] = [];
  const service = await startService(bench);
  try {
    for (const { ladders, ...full } of VIDEOS) {
      const [width, height] = [full.width / shrink, full.height / shrink];
      const video = await makeVideo(bench, `${height}p`, { width, height, durationSec, seed });
      for (const ladder of ladders) {
        console.log(`\nVideo to ${ladder}: ${describeVideo(video)}. Medians of ${rounds}.`);
        const result = await compareLadders(bench, service, video, { ladder, rounds });
        console.log(`\n${formatLadder(result)}`);
        results.push(result);
      }
    }
  } finally {
    await service.stop();
  }
  return { ladders: results };
}

async function runJobs({ jobs }: Settings): Promise<JobsResult> {
  const result = await measureJobs(jobs);
  console.log(`\n${formatJobs(result)}`);
  return result;
}

async function describeMachine({ environment }: Bench) {
  const ffmpeg = await readToolVersion(environment.FFMPEG_PATH);
  const cores = cpus();
  const memoryGib = totalmem() / 1024 ** 3;
  const threads = environment.FFMPEG_THREADS;
  const summary =
    `FFmpeg ${ffmpeg}, Node ${process.version}, ${cores.length} × ${cores[0]?.model ?? 'unknown processor'}, ` +
    `${memoryGib.toFixed(0)} GiB; our FFmpeg gets ${threads} threads, the reference takes what it likes`;
  return { summary, ffmpeg, node: process.version, cores: cores.length, memoryGib, threads, loadBefore: loadavg() };
}

function formatLoad(load: readonly number[]): string {
  return load.map((value) => value.toFixed(2)).join(' ');
}

await runScript(async ({ stopped }) => {
  const settings = parseSettings(process.argv.slice(2));
  const stop = new AbortController();
  void stopped.then(() => stop.abort(new Error('bench: stopped')));
  const dir = await mkdtemp(join(tmpdir(), 'tapedeck-bench-'));
  try {
    const bench = await createBench(dir, process.env, stop.signal);
    const report = await runBench(bench, settings);
    await writeFile(REPORT_FILE, `${JSON.stringify(report, undefined, 2)}\n`);
    console.log('The samples are in bench/report.json.');
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
});
