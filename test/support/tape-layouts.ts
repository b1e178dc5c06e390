import { encodeWav } from '../../scripts/sample/wav.ts';
import { encodeZip } from '../../scripts/sample/zip.ts';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { paintNumber } from './numbered-frames.ts';
import { createTempDir } from './temp-dir.ts';
import type { Intended } from './timing-check.ts';

const exec = promisify(execFile);

export interface BuiltTape {
  zip: Buffer;
  intended: Intended[];
  totalMs: number;
}

export type LayoutName = 'L1' | 'L2' | 'L3' | 'L4' | 'L5' | 'L6';

export interface TapeOptions {
  layout?: LayoutName;
  soundtrack?: boolean;
  compress?: boolean;
  width?: number;
  height?: number;
  durationsMs?: readonly number[];
  /** Written in place of timing.json; `missing` leaves it out. */
  timing?: string;
  /** Below a folder of this name. */
  folder?: string;
  /** The last thing before the files are zipped. */
  change?: (files: Map<string, Buffer>) => void;
}

const UNEVEN_MS = [40, 20, 60, 33, 17, 50, 100, 16, 16, 16, 34, 70];

/** How each recorder that ever wrote tapes named and described its frames. */
const LAYOUTS: Record<LayoutName, Layout> = {
  L1: {
    frameName: (index) => `frame-${pad(index, 5)}.png`,
    timingRow: (row) => row,
    metadata: ({ count, totalMs, width, height }) => ({
      resolution: { width, height },
      frameCount: count,
      totalDuration: totalMs / 1000,
      piece: 'wand',
      exportedAt: '2025-10-17T12:34:56.789Z',
      audioSampleRate: 48000,
      pieceChanges: [],
      slug: 'wand-1',
    }),
    soundtrackName: 'soundtrack.wav',
  },
  L2: {
    // The parts are not padded: by name, frame 10 sorts before frame 9.
    frameName: (index) => `frame_2025.10.17.3.4.${index}.${pad(index, 3)}.png`,
    timingRow: (row) => row,
    metadata: ({ totalMs, width, height }) => ({
      originalSize: { width: width / 2, height: height / 2 },
      scaledSize: { width, height },
      scale: 2,
      totalDuration: totalMs,
    }),
    soundtrackName: 'soundtrack.wav',
  },
  L3: {
    frameName: (index) => `frame_${pad(index, 4)}.webp`,
    timingRow: ({ frame, duration, timestamp }) => ({ frame, duration, timestamp }),
    soundtrackName: undefined,
  },
  L4: {
    frameName: (index) => `frame${pad(index, 6)}.png`,
    timingRow: ({ filename, duration, timestamp }) => ({ filename, duration, timestamp }),
    metadata: ({ count, totalMs, width, height }) => ({
      piece: 'line',
      frames: count,
      duration: totalMs,
      fps: 30,
      resolution: { width, height },
    }),
    soundtrackName: 'soundtrack.wav',
  },
  L5: {
    frameName: (index) => `frame-${index}.png`,
    timingRow: (row) => row,
    soundtrackName: 'soundtrack.wav',
  },
  L6: {
    frameName: (index) => `frame-${pad(index, 5)}.png`,
    timingRow: (row) => row,
    soundtrackName: 'audio.webm',
  },
};

interface TimingRow {
  frame: number;
  filename: string;
  duration: number;
  timestamp: number;
}

interface Layout {
  frameName(index: number): string;
  timingRow(row: TimingRow): object;
  metadata?(facts: { count: number; totalMs: number; width: number; height: number }): object;
  soundtrackName: string | undefined;
}

function pad(index: number, digits: number): string {
  return String(index).padStart(digits, '0');
}

/** A tape whose frames show their own numbers, in one of the layouts. */
export async function buildTape(options: TapeOptions = {}): Promise<BuiltTape> {
  const { width = 64, height = 48, durationsMs = UNEVEN_MS, soundtrack = false, folder } = options;
  const layout = LAYOUTS[options.layout ?? 'L1'];
  const { rows, totalMs } = buildRows(layout, durationsMs);
  const files = new Map<string, Buffer>();
  for (const { frame, filename } of rows) files.set(filename, await encodeFrame(filename, frame, width, height));
  const timing = options.timing ?? JSON.stringify(rows.map((row) => layout.timingRow(row)));
  if (timing !== 'missing') files.set('timing.json', Buffer.from(timing));
  const metadata = layout.metadata?.({ count: rows.length, totalMs, width, height });
  if (metadata) files.set('metadata.json', Buffer.from(JSON.stringify(metadata)));
  if (soundtrack)
    files.set(layout.soundtrackName ?? 'audio.wav', await encodeSoundtrack(layout.soundtrackName, totalMs));
  options.change?.(files);
  const placed = folder ? new Map([...files].map(([name, content]) => [`${folder}/${name}`, content])) : files;
  return {
    zip: await encodeZip(placed, options.compress),
    intended: rows.map(({ frame, timestamp }) => ({ number: frame, startMs: timestamp })),
    totalMs,
  };
}

function buildRows(layout: Layout, durationsMs: readonly number[]): { rows: TimingRow[]; totalMs: number } {
  let timestamp = 0;
  const rows = durationsMs.map((duration, frame) => {
    const row = { frame, filename: layout.frameName(frame), duration, timestamp };
    timestamp += duration;
    return row;
  });
  return { rows, totalMs: timestamp };
}

async function encodeFrame(name: string, number: number, width: number, height: number): Promise<Buffer> {
  const png = paintNumber(number, width, height);
  return name.endsWith('.webp') ? convertFile(png, 'in.png', 'out.webp', ['-c:v', 'libwebp', '-lossless', '1']) : png;
}

/** A click every half second, so that sound and picture can be compared. */
async function encodeSoundtrack(name: string | undefined, totalMs: number): Promise<Buffer> {
  const wav = encodeWav(totalMs / 1000, (timeSec) => ((timeSec * 2) % 1 < 0.02 ? 0.9 * Math.sin(timeSec * 6283) : 0));
  return name?.endsWith('.webm') ? convertFile(wav, 'in.wav', 'out.webm', ['-c:a', 'libopus']) : wav;
}

async function convertFile(input: Buffer, inputName: string, outputName: string, args: string[]): Promise<Buffer> {
  const temp = await createTempDir('fixture');
  try {
    await writeFile(join(temp.dir, inputName), input);
    await exec('ffmpeg', ['-v', 'error', '-i', inputName, ...args, outputName], { cwd: temp.dir });
    return await readFile(join(temp.dir, outputName));
  } finally {
    await temp.remove();
  }
}
