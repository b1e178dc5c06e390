import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { parse } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { JobError, type JobKind } from '@tapedeck/contracts';
import { UsageError } from '../exit-code.ts';
import { copyStream } from './copy-stream.ts';
import { statOrNothing } from '../stat-or-nothing.ts';

export interface Recording {
  kind: JobKind;
  /** Of the file, without its extension; undefined for what comes through a pipe. */
  name: string | undefined;
  /** Likewise. */
  sourcePath: string | undefined;
  /** Copies it: FFmpeg works in a directory of ours, and never on what is not ours to break. @throws JobError SOURCE_… */
  copyTo(path: string, options: CopyOptions): Promise<void>;
}

export interface CopyOptions {
  maxBytes: number;
  signal: AbortSignal;
  /** @param fraction 0 to 1; not called where nobody knows how much is to come */
  onProgress(fraction: number): void;
}

/**
 * @param target a file, or `-` for stdin
 * @throws UsageError when it is none
 */
export function openRecording(target: string, stdin: NodeJS.ReadStream, signal: AbortSignal): Promise<Recording> {
  return target === '-' ? openPipe(stdin, signal) : openFile(target);
}

async function openFile(path: string): Promise<Recording> {
  const info = await statOrNothing(path);
  if (!info?.isFile()) {
    const got = info ? 'which is no file; - takes a pipe' : 'where there is nothing';
    throw new UsageError(`FILE: expected a tape or a video, got ${JSON.stringify(path)}, ${got}`);
  }
  const { name, ext } = parse(path);
  return {
    // By its name, as the service takes a `zipUrl` at its word: a broken tape is a broken tape.
    kind: ext.toLowerCase() === '.zip' ? 'tape' : recognizeKind(await readBeginning(path)),
    name,
    sourcePath: path,
    copyTo: (to, options) => copyWhole(createReadStream(path), to, { ...options, sizeBytes: info.size }),
  };
}

async function openPipe(stdin: NodeJS.ReadStream, signal: AbortSignal): Promise<Recording> {
  if (stdin.isTTY) throw new UsageError('FILE: expected a recording through a pipe, got a terminal');
  const chunks: AsyncIterator<Buffer> = addAbortSignal(signal, stdin)[Symbol.asyncIterator]();
  let beginning = Buffer.alloc(0);
  let end: boolean | undefined = false;
  while (!end && beginning.length < MAGIC_BYTES) {
    const next = await chunks.next();
    end = next.done;
    if (!next.done) beginning = Buffer.concat([beginning, next.value]);
  }
  const whole = async function* () {
    yield beginning;
    yield* { [Symbol.asyncIterator]: () => chunks };
  };
  return {
    kind: recognizeKind(beginning),
    name: undefined,
    sourcePath: undefined,
    copyTo: (to, options) => copyWhole(Readable.from(whole()), to, { ...options, sizeBytes: undefined }),
  };
}

async function copyWhole(
  source: Readable,
  path: string,
  { maxBytes, signal, sizeBytes, onProgress }: CopyOptions & { sizeBytes: number | undefined },
): Promise<void> {
  const assertAccepted = (bytes: number): void => {
    if (bytes > maxBytes) throw new JobError('SOURCE_TOO_LARGE', `expected at most ${maxBytes} bytes`);
  };
  assertAccepted(sizeBytes ?? 0);
  const copiedBytes = await copyStream(source, path, {
    signal,
    onChunk: (soFarBytes) => {
      assertAccepted(soFarBytes);
      if (sizeBytes) onProgress(soFarBytes / sizeBytes);
    },
  });
  if (copiedBytes === 0) throw new JobError('SOURCE_EMPTY');
}

const MAGIC_BYTES = 4;
/** A ZIP's first entry, an empty one's end, and what a split one begins with (APPNOTE 4.3.7, 4.3.16, 8.5.3). */
const ZIP_MAGICS = ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'];

function recognizeKind(beginning: Buffer): JobKind {
  return ZIP_MAGICS.includes(beginning.toString('latin1', 0, MAGIC_BYTES)) ? 'tape' : 'hls';
}

async function readBeginning(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
