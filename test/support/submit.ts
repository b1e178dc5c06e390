import { poll } from './poll.ts';
import type { Stack } from './stack.ts';

/**
 * Posts a request, again when a machine that is too busy answers 503, as every caller should.
 * @returns the job's id
 * @throws Error with the answer when it was refused
 */
export function submit(stack: Stack, request: Record<string, unknown>): Promise<string> {
  return poll('the request to be accepted', async () => {
    const { status, body } = await stack.post(request);
    if (status === 503) return undefined;
    const isTaken = status === 202 || (status === 200 && body.duplicate);
    if (!isTaken) throw new Error(`refused with ${status}: ${JSON.stringify(body)}`);
    return body.jobId;
  });
}
