import { readBytes } from './read-bytes.ts';
import { TapedeckError, type TapedeckErrorOptions } from './tapedeck-error.ts';

/** A Request of the Fetch API whose body was not read yet, or what another framework has of one. */
export type CallbackRequest = Request | PlainRequest;

export interface PlainRequest {
  headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As it came: parsed and written again it is another text, and the signature is wrong. */
  body: string | Uint8Array;
}

/** Of the body of a callback: Tapedeck takes requests of 256 KiB, and repeats their metadata. */
export const MAX_CALLBACK_BYTES = 1024 * 1024;

/** The bytes of the body as they came. @throws TapedeckError CALLBACK_BODY_TOO_LARGE, CALLBACK_BODY_INVALID */
export async function readRawBody(request: CallbackRequest): Promise<Uint8Array> {
  if (isFetchRequest(request)) return readStream(request);
  const bytes: unknown = typeof request.body === 'string' ? new TextEncoder().encode(request.body) : request.body;
  if (!ArrayBuffer.isView(bytes)) {
    throw invalid(`expected it as it came, as text or bytes, got ${typeof bytes}: was it parsed already?`);
  }
  if (bytes.byteLength > MAX_CALLBACK_BYTES) return refuseSize();
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** By what it can do: a Request of another realm or library is none of ours. */
function isFetchRequest(request: CallbackRequest): request is Request {
  return 'arrayBuffer' in request && typeof request.arrayBuffer === 'function';
}

async function readStream({ bodyUsed, body }: Request): Promise<Uint8Array> {
  if (bodyUsed) throw invalid('expected one that was not read yet: verify first, and parse what comes of it');
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readBytes(body, MAX_CALLBACK_BYTES);
  } catch (cause) {
    throw invalid('expected all of it, and to be its only reader, got an error', { retryable: true, cause });
  }
  return bytes ?? refuseSize();
}

function refuseSize(): never {
  const message = `the body: expected at most ${MAX_CALLBACK_BYTES} bytes, got more`;
  throw new TapedeckError('CALLBACK_BODY_TOO_LARGE', message);
}

function invalid(message: string, options?: TapedeckErrorOptions): TapedeckError {
  return new TapedeckError('CALLBACK_BODY_INVALID', `the body: ${message}`, options);
}
