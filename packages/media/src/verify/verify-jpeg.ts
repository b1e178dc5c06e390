import { JobError, type FrameSize } from '@tapedeck/contracts';
import { probeFile } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { expect } from './expect.ts';

const GUARD = { formats: ['image2', 'jpeg_pipe'], codecs: ['mjpeg'] };

/** A picture is published like a video, so it is read back like one. @throws JobError ENCODE_OUTPUT_INVALID */
export async function verifyJpeg(
  tools: MediaTools,
  file: { fileName: string; cwd: string; signal: AbortSignal },
  expected: FrameSize,
): Promise<void> {
  const { streams } = await probeFile(tools, { ...file, guard: GUARD }).catch((cause: unknown) => {
    file.signal.throwIfAborted();
    throw new JobError('ENCODE_OUTPUT_INVALID', `${file.fileName} cannot be read back`, { cause });
  });
  const size = `mjpeg ${expected.width}x${expected.height}`;
  const got = `${streams[0]?.codec_name} ${streams[0]?.width}x${streams[0]?.height}`;
  expect(got === size, file.fileName, size, got);
}
