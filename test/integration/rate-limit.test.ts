import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startStack, TOKEN, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ worker: false, env: { RATE_LIMIT_MAX: '3', MP4_SERVICE_TOKEN: 'plain-service-token' } });
});
afterAll(() => stack.stop());

test('writes above the limit are 429 with Retry-After, for that key alone, and reads go on', async () => {
  const zipUrl = 'https://example.com/a.zip';
  const send = (token: string) => stack.post(stack.tapeRequest(zipUrl), { authorization: `Bearer ${token}` });
  const statuses = [];
  for (let nth = 0; nth < 4; nth += 1) statuses.push((await send(TOKEN)).status);
  expect(statuses).toEqual([202, 202, 202, 429]);
  const refused = await send(TOKEN);
  expect(refused.body).toMatchObject({ code: 'RATE_LIMITED', status: 429 });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const other = await send('plain-service-token');
  expect(other.status).toBe(202);
  expect(await stack.job(other.body.jobId)).toMatchObject({ status: 'queued' });
});
