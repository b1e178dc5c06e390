import { open } from 'node:fs/promises';
import { JobError } from '@tapedeck/contracts';

/** The first access unit lies at the start of a segment, behind two tables. */
const HEAD_BYTES = 256 * 1024;
const SEQUENCE_PARAMETER_SET = 7;

/**
 * The RFC 6381 name of a segment's H.264 (`avc1.64001f`): profile, constraints and level as its sequence parameter set
 * has them (Rec. ITU-T H.264, 7.3.2.1.1), three bytes that no transport packet is short enough to split.
 * @throws JobError ENCODE_OUTPUT_INVALID without one
 */
export async function readH264Codec(segmentPath: string): Promise<string> {
  const file = await open(segmentPath);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    const startCode = Buffer.from([0, 0, 1]);
    for (let at = head.indexOf(startCode); at >= 0; at = head.indexOf(startCode, at + 1)) {
      if ((head[at + 3] ?? 0) % 32 === SEQUENCE_PARAMETER_SET) return `avc1.${head.toString('hex', at + 4, at + 7)}`;
    }
    throw new JobError('ENCODE_OUTPUT_INVALID', 'a segment begins without a sequence parameter set');
  } finally {
    await file.close();
  }
}
