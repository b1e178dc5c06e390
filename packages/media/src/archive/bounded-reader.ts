import type { FileHandle } from 'node:fs/promises';
import { asJobError, JobError } from '@tapedeck/contracts';
import yauzl from 'yauzl';

/**
 * yauzl's way to the file. A place outside of the file is the archive's lie, and an error like any other: asked for
 * byte 2^63, Node's own read throws from inside a callback, where nothing catches it, and the process is gone.
 */
export function createBoundedReader(file: FileHandle, sizeBytes: number): yauzl.RandomAccessReader {
  return new BoundedReader(file, sizeBytes);
}

class BoundedReader extends yauzl.RandomAccessReader {
  readonly #file: FileHandle;
  readonly #sizeBytes: number;

  constructor(file: FileHandle, sizeBytes: number) {
    super();
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    const isOutside = position + length > this.#sizeBytes;
    const read = isOutside ? Promise.reject(cutOff(position)) : readRange(this.#file, position, length);
    read.then(
      (bytes) => {
        bytes.copy(buffer, offset);
        done(null);
      },
      (error: Error) => done(error),
    );
  }
}

/**
 * Exactly these bytes.
 * @throws JobError ARCHIVE_INVALID where the file has fewer.
 */
export async function readRange(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file
    .read({ buffer: Buffer.alloc(length), position })
    .catch((error: unknown) => Promise.reject(asJobError(error)));
  if (bytesRead < length) throw cutOff(position);
  return buffer;
}

function cutOff(position: number): JobError {
  return new JobError('ARCHIVE_INVALID', `expected more at byte ${position}, got the end of the file`);
}
