import type { Callback, TestCallback } from './contract.ts';
import { decodeBase64 } from './decode-base64.ts';
import { concatBytes } from './concat-bytes.ts';
import { isRecord, parseJson } from './json.ts';
import { readRawBody, type CallbackRequest } from './raw-body.ts';
import { importSecrets } from './signing-secrets.ts';
import { TapedeckError } from './tapedeck-error.ts';
import { loadCrypto, type SecretKey } from './web-crypto.ts';

export interface VerifyOptions {
  /** How far the callback's timestamp may be from now, in seconds, to either side. 300 when nothing is said. */
  toleranceSec?: number | undefined;
  /** Instead of the clock. */
  now?: Date | undefined;
}

/**
 * What a callback tells. `eventId` is the same on every delivery of the event: by it, know the ones that you had already.
 * Of a complete one `mp4Url` or `hlsUrl` says which kind it is. Fields that a newer Tapedeck adds are kept.
 */
export type CallbackEvent = { eventId: string } & (Callback | TestCallback);

const TOLERANCE_SEC = 300;

/**
 * Verifies a callback and reads it (Standard Webhooks, HMAC-SHA256), in this order: its time, its signature, its content.
 * In constant time for each secret. An event within the tolerance that comes twice is verified twice: at-least-once
 * delivery does that, too.
 * @param secrets `whsec_…`; while rotating several, as a list or with spaces between, as CALLBACK_SIGNING_SECRET has them
 * @throws TapedeckError CALLBACK_…, which names the header; never a secret, and never what the signature should be
 */
export async function verifyCallback(
  request: CallbackRequest,
  secrets: string | readonly string[],
  { toleranceSec = TOLERANCE_SEC, now = new Date() }: VerifyOptions = {},
): Promise<CallbackEvent> {
  if (!isRecord(request) || !isRecord(request.headers)) {
    throw new TapedeckError('ARGUMENT_INVALID', 'the request: expected one with headers and a body');
  }
  const keys = await importSecrets(secrets);
  const eventId = readHeader(request, 'webhook-id');
  const timestamp = readHeader(request, 'webhook-timestamp');
  const signatures = parseSignatures(readHeader(request, 'webhook-signature'));
  assertInTime(timestamp, toleranceSec, now);
  const body = await readRawBody(request);
  const signed = concatBytes([new TextEncoder().encode(`${eventId}.${timestamp}.`), body]);
  if (!(await isSigned(keys, signatures, signed))) {
    const message = 'webhook-signature: expected one of this body, made with one of the secrets, got others';
    throw new TapedeckError('CALLBACK_SIGNATURE_WRONG', message);
  }
  const event = parseJson(new TextDecoder().decode(body));
  if (isEvent(event)) return { ...event, eventId };
  throw new TapedeckError('CALLBACK_BODY_INVALID', 'the body: expected JSON with jobId and status, got something else');
}

/** Whoever has the secret is Tapedeck; what it sends is held to the schemas there. */
function isEvent(body: unknown): body is Callback | TestCallback {
  return isRecord(body) && typeof body['jobId'] === 'string' && typeof body['status'] === 'string';
}

function readHeader({ headers }: CallbackRequest, name: string): string {
  const value = isHeaders(headers) ? headers.get(name) : findHeader(headers, name);
  if (value) return value;
  throw new TapedeckError('CALLBACK_HEADER_INVALID', `${name}: expected the header, got none`);
}

/** Of whatever realm or library. */
function isHeaders(headers: CallbackRequest['headers']): headers is Headers {
  return typeof headers.get === 'function';
}

/** In whatever case a framework has them. */
function findHeader(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  wanted: string,
): string | undefined {
  const value = Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
  return typeof value === 'object' ? value.join(' ') : value;
}

function assertInTime(timestamp: string, toleranceSec: number, now: Date): void {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new TapedeckError('CALLBACK_HEADER_INVALID', 'webhook-timestamp: expected seconds since 1970');
  }
  const ageSec = Math.round(now.getTime() / 1000 - Number(timestamp));
  // Not the other way around: what is no number is not in time.
  if (Math.abs(ageSec) <= toleranceSec) return;
  const message = `webhook-timestamp: expected at most ${toleranceSec} s from now, got ${ageSec} s ago`;
  throw new TapedeckError('CALLBACK_EXPIRED', message);
}

/** With spaces between; those of other versions are somebody else's. */
function parseSignatures(header: string): Uint8Array<ArrayBuffer>[] {
  const signatures = header.split(' ').flatMap((part) => {
    const [, base64] = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(part) ?? [];
    return base64 === undefined ? [] : [decodeBase64(base64)];
  });
  if (signatures.length > 0) return signatures;
  throw new TapedeckError('CALLBACK_HEADER_INVALID', 'webhook-signature: expected v1, and 32 bytes of base64');
}

async function isSigned(
  keys: readonly SecretKey[],
  signatures: readonly Uint8Array<ArrayBuffer>[],
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { subtle } = await loadCrypto();
  // One for each of our secrets, however many signatures a stranger sends.
  const own = await Promise.all(keys.map(async (key) => new Uint8Array(await subtle.sign('HMAC', key, signed))));
  return own.flatMap((mac) => signatures.map((signature) => isEqual(mac, signature))).includes(true);
}

/** In constant time: how long it takes says nothing of where two differ. */
function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (const [index, byte] of one.entries()) difference |= byte ^ (other[index] ?? 0);
  return difference === 0;
}
