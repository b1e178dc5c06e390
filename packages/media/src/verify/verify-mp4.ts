import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { JobError, type FrameSize } from '@tapedeck/contracts';
import { probeFile, type ProbedStream } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { expect } from './expect.ts';
import { readTopLevelBoxes } from './mp4-boxes.ts';

/** What the MP4 must be, known from the timing before it was encoded. */
export interface ExpectedMp4 extends FrameSize {
  durationSec: number;
  durationToleranceSec: number;
  pictureCount: number;
  hasAudio: boolean;
}

export interface VerifiedMp4 extends FrameSize {
  durationSec: number;
  sizeBytes: number;
}

const MP4_GUARD = { formats: ['mov', 'mp4'], codecs: ['h264', 'aac'] };

/** ftyp, moov and one picture do not fit into less; broken encodes have left 0, 26 and 48 bytes. */
export const MIN_MP4_BYTES = 500;

/**
 * Nothing is published that this did not pass. FFmpeg's exit code 0 proves nothing: on a full disk it exits 0 without
 * `moov`, and after SIGTERM it leaves a valid, short file.
 * @throws JobError ENCODE_OUTPUT_INVALID naming what was expected and what is there.
 */
export async function verifyMp4(
  tools: MediaTools,
  { fileName, cwd, signal }: { fileName: string; cwd: string; signal: AbortSignal },
  expected: ExpectedMp4,
): Promise<VerifiedMp4> {
  const path = join(cwd, fileName);
  const { size: sizeBytes } = await stat(path).catch(() => ({ size: 0 }));
  expect(sizeBytes >= MIN_MP4_BYTES, 'size', `at least ${MIN_MP4_BYTES} bytes`, sizeBytes);
  await verifyBoxes(path);

  const probe = await probeFile(tools, { fileName, cwd, guard: MP4_GUARD, countPackets: true, signal }).catch(
    (cause: unknown) => {
      signal.throwIfAborted();
      throw new JobError('ENCODE_OUTPUT_INVALID', 'it cannot be read back', { cause });
    },
  );
  const video = probe.streams.filter((stream) => stream.codec_type === 'video');
  const audio = probe.streams.filter((stream) => stream.codec_type === 'audio');
  expect(video.length === 1, 'video tracks', 1, video.length);
  expect(audio.length === (expected.hasAudio ? 1 : 0), 'audio tracks', expected.hasAudio ? 1 : 0, audio.length);
  verifyPicture(video[0]!, expected);

  const durationSec = probe.format.duration ?? 0;
  const drift = Math.abs(durationSec - expected.durationSec);
  expect(drift <= expected.durationToleranceSec, 'duration', `${expected.durationSec} s`, durationSec);
  return { width: expected.width, height: expected.height, durationSec, sizeBytes };
}

/** `moov` before `mdat`, so that playing starts before the whole file is there; and no byte too few or too many. */
async function verifyBoxes(path: string): Promise<void> {
  const { boxes, trailingBytes } = await readTopLevelBoxes(path);
  const types = boxes.map((box) => box.type);
  const order = types.join(' ');
  expect(trailingBytes === 0, 'boxes', 'to fill the file', order);
  expect(types.includes('moov') && types.includes('mdat'), 'boxes', 'moov and mdat', order);
  expect(types.indexOf('moov') < types.indexOf('mdat'), 'boxes', 'moov before mdat', order);
}

function verifyPicture(stream: ProbedStream, expected: ExpectedMp4): void {
  expect(stream.codec_name === 'h264', 'codec', 'h264', stream.codec_name);
  expect(stream.pix_fmt === 'yuv420p', 'pixel format', 'yuv420p', stream.pix_fmt);
  const size = `${stream.width}x${stream.height}`;
  expect(size === `${expected.width}x${expected.height}`, 'picture size', `${expected.width}x${expected.height}`, size);
  expect(stream.nb_read_packets === expected.pictureCount, 'pictures', expected.pictureCount, stream.nb_read_packets);
}
