import { createWriteStream } from 'node:fs';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface CopyStreamOptions {
  signal: AbortSignal;
  /** Hears how many bytes there are so far; what it throws ends the copy. */
  onChunk?(soFarBytes: number): void;
}

const CHUNK_BYTES = 1024 * 1024;

/** Not copyFile: that one cannot be stopped. @returns bytes */
export async function copyStream(
  source: Readable,
  path: string,
  { signal, onChunk }: CopyStreamOptions,
): Promise<number> {
  let soFarBytes = 0;
  const count = new Transform({
    highWaterMark: CHUNK_BYTES,
    transform(chunk: Buffer, _encoding, done) {
      soFarBytes += chunk.length;
      try {
        onChunk?.(soFarBytes);
        done(undefined, chunk);
      } catch (error) {
        done(error instanceof Error ? error : new Error('the copy was ended', { cause: error }));
      }
    },
  });
  await pipeline(source, count, createWriteStream(path, { highWaterMark: CHUNK_BYTES }), { signal });
  return soFarBytes;
}
