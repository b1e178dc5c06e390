import { createHmac } from 'node:crypto';
import { JobError } from '@tapedeck/contracts';
import { request, type Dispatcher } from 'undici';
import { findAddressRefusal } from './guarded-agent.ts';
import { systemCodeOf } from './network-error.ts';
import { parseRetryAfter } from './retry-after.ts';
import { assertUrlAllowed, type UrlPolicy } from './url-policy.ts';

export interface CallbackSender {
  agent: Dispatcher;
  policy: UrlPolicy;
  /** `whsec_…`; the first signs first, all sign. */
  secrets: readonly string[];
  authToken: string | undefined;
  /** The whole exchange: connect, send, answer. */
  timeoutMs: number;
  userAgent: string;
}

export interface CallbackMessage {
  callbackUrl: string;
  eventId: string;
  /** Signed and sent byte for byte. */
  body: string;
}

/** What came of one try. `httpStatus` is undefined when there was no answer. */
export interface CallbackAnswer {
  httpStatus: number | undefined;
  retryAfterMs: number | undefined;
  /** Why there was no answer, for the log. */
  failure: string | undefined;
}

/**
 * Sends one signed callback, once. Never throws for what a receiver does: no answer is an answer too.
 * Redirects are not followed: a signed event goes to the URL that the caller named or nowhere.
 * @throws JobError CALLBACK_URL_REFUSED when the URL, or what its name resolves to, is not allowed.
 */
export async function sendCallback(
  sender: CallbackSender,
  { callbackUrl, eventId, body }: CallbackMessage,
  signal: AbortSignal,
): Promise<CallbackAnswer> {
  const url = assertUrlAllowed(callbackUrl, sender.policy, 'CALLBACK_URL_REFUSED');
  const timestampSec = Math.floor(Date.now() / 1000);
  const deadline = AbortSignal.timeout(sender.timeoutMs);
  try {
    const response = await request(url, {
      method: 'POST',
      dispatcher: sender.agent,
      signal: AbortSignal.any([signal, deadline]),
      headers: {
        'content-type': 'application/json',
        'user-agent': sender.userAgent,
        'webhook-id': eventId,
        'webhook-timestamp': String(timestampSec),
        'webhook-signature': signEvent(sender.secrets, eventId, timestampSec, body),
        ...(sender.authToken !== undefined && { authorization: `Bearer ${sender.authToken}` }),
      },
      body,
    });
    // The status is the answer. A body that never ends changes nothing about it.
    await response.body.dump({ limit: 64 * 1024, signal: deadline }).catch(() => undefined);
    const retryAfterMs = parseRetryAfter(response.headers['retry-after']);
    return { httpStatus: response.statusCode, retryAfterMs, failure: undefined };
  } catch (error) {
    signal.throwIfAborted();
    const refusal = findAddressRefusal(error);
    if (refusal) throw new JobError('CALLBACK_URL_REFUSED', refusal.message, { cause: error });
    return { httpStatus: undefined, retryAfterMs: undefined, failure: describeFailure(error, deadline) };
  }
}

/** `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`, once per secret (Standard Webhooks, "Signature scheme"). */
export function signEvent(secrets: readonly string[], eventId: string, timestampSec: number, body: string): string {
  const signedContent = `${eventId}.${timestampSec}.${body}`;
  return secrets
    .map((secret) => Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .map((key) => `v1,${createHmac('sha256', key).update(signedContent).digest('base64')}`)
    .join(' ');
}

function describeFailure(error: unknown, deadline: AbortSignal): string {
  if (deadline.aborted) return 'timeout';
  return systemCodeOf(error);
}
