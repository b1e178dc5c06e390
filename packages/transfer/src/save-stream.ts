import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Writes a stream to a file as it comes. @returns how many bytes came, and what they hash to */
export async function saveStream(
  source: Readable,
  path: string,
  signal: AbortSignal,
): Promise<{ sizeBytes: number; sha256Hex: string }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const account = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      done(undefined, chunk);
    },
  });
  await pipeline(source, account, createWriteStream(path), { signal });
  return { sizeBytes, sha256Hex: hash.digest('hex') };
}
