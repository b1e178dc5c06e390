import { expect } from '@jest/globals';
import { poll } from './poll.ts';
import { sendFile } from './source-server.ts';
import type { Stack } from './stack.ts';
import { buildTape } from './tape-layouts.ts';

/** Our word to callers: they hear 503 and when to come again, and do not wait for it. */
const ANSWER_WITHIN_MS = 1_000;

const DEFAULT_URL = 'https://example.com/a.zip';

export async function expectRefused(stack: Stack, body = stack.tapeRequest(DEFAULT_URL)): Promise<void> {
  const startedAt = performance.now();
  const refused = await stack.post(body);
  expect(performance.now() - startedAt).toBeLessThan(ANSWER_WITHIN_MS);
  expect(refused).toMatchObject({ status: 503, body: { code: 'QUEUE_UNAVAILABLE' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
}

/** @returns the id of a small job that was taken as soon as the API was connected again */
export async function expectTaken(stack: Stack): Promise<string> {
  const { zip } = await buildTape();
  const request = stack.tapeRequest(stack.source.serve('/taken.zip', zip));
  return poll(
    'a POST to be taken',
    async () => {
      const { status, body } = await stack.post(request);
      return status === 202 || status === 200 ? body.jobId : undefined;
    },
    10_000,
  );
}

/** Completed, with one event and one callback for it. */
export async function expectDelivered(stack: Stack, jobId: string): Promise<void> {
  expect(await stack.finished(jobId)).toMatchObject({ status: 'completed', error: null });
  await poll('its callback to be delivered', async () =>
    (await stack.job(jobId)).callback.status === 'delivered' ? true : undefined,
  );
  expect((await stack.job(jobId)).callback.attempts).toBe(1);
  expect(await stack.receiver.waitFor(jobId)).toHaveLength(1);
}

interface HeldJob {
  jobId: string;
  release(): void;
}

/** A job in the middle of its download, until it is released. */
export async function holdTape(stack: Stack): Promise<HeldJob> {
  const { zip } = await buildTape();
  const released = Promise.withResolvers<true>();
  const source = stack.source.serve('/held.zip', (request, response) => {
    void released.promise.then(() => sendFile(request, response, zip));
  });
  const { body } = await stack.post(stack.tapeRequest(source));
  await poll('its download to begin', () => (stack.source.requests.includes('GET /held.zip') ? true : undefined));
  return { jobId: body.jobId, release: () => released.resolve(true) };
}

export async function submitTape(stack: Stack): Promise<string> {
  const { zip } = await buildTape();
  const { status, body } = await stack.post(stack.tapeRequest(stack.source.serve('/small.zip', zip)));
  expect(status).toBe(202);
  return body.jobId;
}
