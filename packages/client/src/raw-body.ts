import { TapedeckError } from './tapedeck-error.ts';

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
  assertSize(bytes.byteLength);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** By what it can do: a Request of another realm or library is none of ours. */
function isFetchRequest(request: CallbackRequest): request is Request {
  return 'arrayBuffer' in request && typeof request.arrayBuffer === 'function';
}

async function readStream({ bodyUsed, body }: Request): Promise<Uint8Array> {
  if (bodyUsed) throw invalid('expected one that was not read yet: verify first, and parse what comes of it');
  const stream: ReadableStream<Uint8Array> | null = body;
  const reader = stream?.getReader();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || !value) break;
    sizeBytes += value.length;
    if (sizeBytes > MAX_CALLBACK_BYTES) await reader?.cancel();
    assertSize(sizeBytes);
    chunks.push(value);
  }
  const whole = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

function assertSize(sizeBytes: number): void {
  if (sizeBytes <= MAX_CALLBACK_BYTES) return;
  const message = `the body: expected at most ${MAX_CALLBACK_BYTES} bytes, got more`;
  throw new TapedeckError('CALLBACK_BODY_TOO_LARGE', message);
}

function invalid(message: string): TapedeckError {
  return new TapedeckError('CALLBACK_BODY_INVALID', `the body: ${message}`);
}
