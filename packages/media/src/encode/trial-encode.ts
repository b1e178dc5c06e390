import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { maxPixelsFor } from '../ffmpeg/arguments.ts';
import { runFfmpeg } from '../ffmpeg/run-ffmpeg.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { buildTapeArgv } from '../tape/tape-argv.ts';
import { buildConcatList, buildTimeline } from '../tape/timeline.ts';
import { verifyMp4, type VerifiedMp4 } from '../verify/verify-mp4.ts';
import { planEncode } from './encode-plan.ts';

/** A chess board of 32 by 32 pixels. */
const FRAME_PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAYAAABzenr0AAAAQElEQVR42u3UsQ0AIAgEQEZyREdzM91ACmIovE8oyV/1sZOMua5X/Q8AAIB2wOuCLAAAAP0ASwgAAGAJAQC+BxzToNa1m+2tZgAAAABJRU5ErkJggg==',
  'base64',
);
const FRAME = { width: 32, height: 32 };
const OUTPUT = { width: 64, height: 64 };
const FRAMES_MS = [0, 250];
const TOTAL_MS = 500;
const TIMEOUT_MS = 30_000;

const NAMES = { frame: 'frame.png', sound: 'sound.wav', list: 'list.ffconcat', output: 'trial.mp4' };

/**
 * Half a second of tape with sound, made and verified as a job's is: PNG in, H.264 and AAC out, in FFmpeg's guards.
 * @param cwd an empty directory of the caller's, who removes it
 * @throws JobError ENCODE_…: what a job would meet
 */
export async function tryEncode(
  tools: MediaTools,
  { cwd, signal }: { cwd: string; signal: AbortSignal },
): Promise<VerifiedMp4> {
  const frames = FRAMES_MS.map((startMs, index) => ({ name: `${index}`, startMs }));
  const timeline = buildTimeline({ frames, totalMs: TOTAL_MS, source: 'timestamps' }, 'cfr30');
  await writeFile(join(cwd, NAMES.frame), FRAME_PNG);
  await writeFile(join(cwd, NAMES.sound), buildSilence(TOTAL_MS));
  await writeFile(
    join(cwd, NAMES.list),
    buildConcatList(timeline, () => NAMES.frame),
  );
  const preset = 'medium';
  const plan = planEncode({ output: OUTPUT, input: FRAME, preset, threads: 1, budgetBytes: undefined });
  const args = buildTapeArgv({
    ...{ listName: NAMES.list, soundtrackName: NAMES.sound, outputName: NAMES.output },
    ...{ frame: FRAME, output: OUTPUT, timeline, crf: 23, preset, plan },
    maxPixels: maxPixelsFor(FRAME),
  });
  await runFfmpeg(tools, { args, cwd, signal, timeoutMs: TIMEOUT_MS });
  const { durationSec, pictureCount } = timeline;
  const expected = { ...OUTPUT, durationSec, durationToleranceSec: 0.1, pictureCount, hasAudio: true };
  return verifyMp4(tools, { fileName: NAMES.output, cwd, signal }, expected);
}

const RATE_HZ = 8_000;
const BYTES_PER_SAMPLE = 2;
const PCM = 1;

/** A WAV of one channel. */
function buildSilence(durationMs: number): Buffer {
  const data = Buffer.alloc((RATE_HZ * BYTES_PER_SAMPLE * durationMs) / 1000);
  const format = Buffer.alloc(16);
  format.writeUInt16LE(PCM, 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(RATE_HZ, 4);
  format.writeUInt32LE(RATE_HZ * BYTES_PER_SAMPLE, 8);
  format.writeUInt16LE(BYTES_PER_SAMPLE, 12);
  format.writeUInt16LE(8 * BYTES_PER_SAMPLE, 14);
  const chunks = Buffer.concat([buildChunk('fmt ', format), buildChunk('data', data)]);
  return buildChunk('RIFF', Buffer.concat([Buffer.from('WAVE'), chunks]));
}

function buildChunk(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(8, name);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content]);
}
