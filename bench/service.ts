import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HlsOutput, LadderName } from '@tapedeck/contracts';
import { poll } from '../test/support/poll.ts';
import { hlsOutput, startStack, type Stack } from '../test/support/stack.ts';
import { parseUsage, writeMeasuringTool, type Bench, type Usage } from './measure.ts';
import { readCpuSec, watchMemory } from './processes.ts';
import type { BenchVideo } from './video.ts';

/** The whole of Tapedeck: redis-server, API, a worker, a source and a receiver. Its FFmpeg and ffprobe are measured. */
export interface BenchService {
  convert(video: BenchVideo, ladder: LadderName): Promise<ConvertedVideo>;
  stop(): Promise<void>;
}

/** One job, from the request to the callback. */
export interface ConvertedVideo {
  /** Where the master playlist lies. */
  dir: string;
  output: HlsOutput;
  wallSec: number;
  /** The worker and everything that it started. */
  cpuSec: number;
  /** The same at its largest, all of it together. */
  peakTreeBytes: number;
  ffmpeg: Usage;
  ffprobe: Usage;
}

const BUCKET = 'bench';

export async function startService(bench: Bench): Promise<BenchService> {
  const usagePath = (tool: string): string => join(bench.dir, `${tool}-usage.txt`);
  const measured = (tool: string, toolPath: string): Promise<string> =>
    writeMeasuringTool(join(bench.dir, `service-${tool}`), toolPath, [
      '-a',
      '-o',
      usagePath(tool),
      '-f',
      '%e %U %S %M',
    ]);
  const { environment } = bench;
  const stack = await startStack({
    env: {
      FFMPEG_PATH: await measured('ffmpeg', environment.FFMPEG_PATH),
      FFPROBE_PATH: await measured('ffprobe', environment.FFPROBE_PATH),
      FFMPEG_THREADS: String(environment.FFMPEG_THREADS),
      ...(environment.ENCODE_MEMORY_BYTES && { ENCODE_MEMORY_BYTES: String(environment.ENCODE_MEMORY_BYTES) }),
    },
  });
  return {
    async convert(video, ladder) {
      // A worker that starts asks its tools for their versions.
      await Promise.all(['ffmpeg', 'ffprobe'].map((tool) => writeFile(usagePath(tool), '')));
      const job = await convertVideo(bench, stack, video, ladder);
      const [ffmpeg, ffprobe] = await Promise.all(['ffmpeg', 'ffprobe'].map((tool) => readUsage(usagePath(tool))));
      return { ...job, ffmpeg: ffmpeg!, ffprobe: ffprobe! };
    },
    stop: () => stack.stop(),
  };
}

async function convertVideo(
  { signal, environment }: Bench,
  { source, receiver, worker, dataDir, ...stack }: Stack,
  video: BenchVideo,
  ladder: LadderName,
): Promise<Omit<ConvertedVideo, 'ffmpeg' | 'ffprobe'>> {
  const pid = worker!.child.pid!;
  const videoUrl = source.serve('/source.mp4', await readFile(video.path));
  const slug = 'ladder';
  const dir = join(dataDir, 'storage', BUCKET, slug);
  // A version before would have to be kept and replaced.
  await rm(dir, { recursive: true, force: true });
  const cpuBeforeSec = await readCpuSec(pid);
  const memory = watchMemory(pid);
  const startedAt = performance.now();
  const { body } = await stack.post(stack.videoRequest(videoUrl, { bucket: BUCKET, slug, ladder }));
  try {
    await poll(
      'the callback',
      () => {
        signal.throwIfAborted();
        return receiver.received.find(({ event }) => event.jobId === body.jobId);
      },
      environment.JOB_TIMEOUT_MS,
    );
    const wallSec = (performance.now() - startedAt) / 1000;
    const cpuSec = (await readCpuSec(pid)) - cpuBeforeSec;
    return { dir, output: hlsOutput(await stack.job(body.jobId)), wallSec, cpuSec, peakTreeBytes: memory.stop() };
  } finally {
    memory.stop();
  }
}

/** What all runs of a tool took together; the largest of their peaks, because they come one after the other. */
async function readUsage(path: string): Promise<Usage> {
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  return sumUsages(lines.map(parseUsage));
}

/** Of runs one after the other. */
export function sumUsages(usages: readonly Usage[]): Usage {
  return {
    wallSec: usages.reduce((sum, { wallSec }) => sum + wallSec, 0),
    cpuSec: usages.reduce((sum, { cpuSec }) => sum + cpuSec, 0),
    peakBytes: Math.max(...usages.map(({ peakBytes }) => peakBytes)),
  };
}
