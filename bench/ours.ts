import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tapeOptionsSchema, type FrameSize } from '@tapedeck/contracts';
import {
  buildConcatList,
  buildTapeArgv,
  buildTimeline,
  chooseOutputSize,
  findTapeLayout,
  MAX_TIMING_BYTES,
  maxPixelsFor,
  openArchive,
  parseTapeTiming,
  planEncode,
  readImageHeader,
  verifyMp4,
  type EncodePlan,
  type TapeTiming,
} from '@tapedeck/media';
import { measureFfmpeg, type Bench, type Usage } from './measure.ts';
import type { BenchTape } from './tape.ts';

export interface ConvertedTape {
  mp4Path: string;
  sizeBytes: number;
  /** From the ZIP to the verified file. */
  wallSec: number;
  ffmpeg: Usage;
  plan: EncodePlan;
}

interface UnpackedTape {
  timing: TapeTiming;
  frame: FrameSize;
  /** By the archive's name of the frame. */
  fileNames: ReadonlyMap<string, string>;
}

const LIST_NAME = 'frames.ffconcat';
const MP4_NAME = 'out.mp4';
const DURATION_TOLERANCE_SEC = 0.05;
/** What a request without options gets. */
const OPTIONS = tapeOptionsSchema.parse({});

/**
 * The worker's stages from `extract` to `verify`, call by call, without what needs a queue or a store.
 * @param scale output size = frame size × scale
 * @throws JobError ENCODE_MEMORY_INSUFFICIENT when no plan fits `budgetBytes`
 */
export async function convertTape(
  bench: Bench,
  tape: BenchTape,
  { dir, scale, budgetBytes }: { dir: string; scale: number; budgetBytes: number | undefined },
): Promise<ConvertedTape> {
  const { environment, tools, signal } = bench;
  await mkdir(dir, { recursive: true });
  const startedAt = performance.now();
  const { timing, frame, fileNames } = await unpackTape(bench, tape.zipPath, dir);
  const timeline = buildTimeline(timing, OPTIONS.timing);
  const output = chooseOutputSize(frame, scale, {});
  const { preset, crf } = OPTIONS;
  const plan = planEncode({ output, input: frame, preset, threads: environment.FFMPEG_THREADS, budgetBytes });
  await writeFile(
    join(dir, LIST_NAME),
    buildConcatList(timeline, (name) => fileNames.get(name)!),
  );
  const names = { listName: LIST_NAME, soundtrackName: undefined, outputName: MP4_NAME };
  const maxPixels = maxPixelsFor(frame);
  const args = buildTapeArgv({ ...names, frame, output, timeline, crf, preset, plan, maxPixels });
  const ffmpeg = await measureFfmpeg(bench, dir, args);
  const { sizeBytes } = await verifyMp4(
    tools,
    { fileName: MP4_NAME, cwd: dir, signal },
    {
      ...output,
      durationSec: timeline.durationSec,
      durationToleranceSec: DURATION_TOLERANCE_SEC,
      pictureCount: timeline.pictureCount,
      hasAudio: false,
    },
  );
  return {
    mp4Path: join(dir, MP4_NAME),
    sizeBytes,
    wallSec: (performance.now() - startedAt) / 1000,
    ffmpeg,
    plan,
  };
}

async function unpackTape({ environment, signal }: Bench, zipPath: string, dir: string): Promise<UnpackedTape> {
  const archive = await openArchive(zipPath, {
    maxEntries: environment.MAX_ARCHIVE_ENTRIES,
    maxUnpackedBytes: environment.MAX_ARCHIVE_BYTES,
  });
  try {
    const layout = findTapeLayout(archive.fileNames);
    const timingText = layout.timingName && (await archive.readText(layout.timingName, MAX_TIMING_BYTES, signal));
    const timing = parseTapeTiming(timingText, undefined, layout);
    const fileNames = new Map<string, string>();
    let frame: FrameSize | undefined;
    for (const { name } of timing.frames) {
      if (fileNames.has(name)) continue;
      const fileName = `frame-${String(fileNames.size).padStart(6, '0')}.png`;
      await archive.extract(name, join(dir, fileName), signal);
      const header = await readImageHeader(join(dir, fileName), name);
      frame ??= header;
      fileNames.set(name, fileName);
    }
    return { timing, frame: frame!, fileNames };
  } finally {
    await archive.close();
  }
}
