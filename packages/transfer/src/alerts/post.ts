import { request } from 'undici';
import { systemCodeOf } from '../network-error.ts';

const TIMEOUT_MS = 10_000;
/** The status is the answer; of what it says, a line is enough for the log. */
const MAX_ANSWER_CHARS = 200;

/**
 * One POST to an address of the operator's own. Redirects are not followed: the address is a secret that is for one
 * server.
 * @throws Error when the answer is not a 2xx, or does not come in ten seconds; it does not name the address
 */
export async function post(
  url: string | URL,
  { headers, body }: { headers: Record<string, string>; body: string },
  signal: AbortSignal,
): Promise<void> {
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  const either = AbortSignal.any([signal, deadline]);
  const answer = await request(url, { method: 'POST', headers, body, signal: either }).catch((cause: unknown) => {
    throw new Error(either.aborted ? 'no answer in time' : `no answer: ${systemCodeOf(cause)}`, { cause });
  });
  const text = await readStart(answer.body).catch(() => '');
  if (answer.statusCode >= 200 && answer.statusCode < 300) return;
  throw new Error(`answered ${answer.statusCode} ${text}`.trim());
}

/** What the first chunk says. The rest may never end. */
async function readStart(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  for await (const chunk of body) {
    body.destroy();
    return chunk.toString('utf8').replace(/\s+/g, ' ').slice(0, MAX_ANSWER_CHARS);
  }
  return '';
}
