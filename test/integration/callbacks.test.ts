import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { startStack, tapeOutput, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { poll } from '../support/poll.ts';

let stack: Stack;
let zipUrl: string;
beforeAll(async () => {
  stack = await startStack({
    env: { CALLBACK_SCHEDULE_MS: '0,300,300,300', CALLBACK_AUTH_TOKEN: 'receivers-token', CALLBACK_TIMEOUT_MS: '1000' },
  });
  zipUrl = stack.source.serve('/tape.zip', (await buildTape({ durationsMs: [100, 100] })).zip);
});
afterEach(() => {
  stack.receiver.answer = () => ({ status: 200 });
});
afterAll(() => stack.stop());

const submit = async (changes = {}): Promise<string> => {
  const { body } = await stack.post(stack.tapeRequest(zipUrl, { options: { scale: 1 }, ...changes }));
  return body.jobId;
};

const callbackState = (jobId: string, status: string) =>
  poll(`the callback to be ${status}`, async () => {
    const { callback } = await stack.job(jobId);
    return callback.status === status ? callback : undefined;
  });

test('a callback has the fields, the signature and the authorization that the contract names', async () => {
  const metadata = { piece: 'wand', nested: { deep: [1, 2] } };
  const jobId = await submit({ metadata });
  const [callback] = await stack.receiver.waitFor(jobId);
  const job = await stack.finished(jobId);
  const { reference } = job;
  const { mp4Url, posterUrl, duration, size } = tapeOutput(job);
  expect(callback).toMatchObject({ verified: true });
  expect(callback!.headers).toMatchObject({
    'content-type': 'application/json',
    authorization: 'Bearer receivers-token',
    'user-agent': expect.stringMatching(/^tapedeck\/\d/),
    'webhook-id': expect.stringMatching(/^evt_/),
  });
  expect(callback!.event).toEqual({
    mongoId: reference,
    jobId,
    status: 'complete',
    ...{ mp4Url, posterUrl, duration, size },
    resolution: [64, 48],
    metadata,
  });
  expect(await callbackState(jobId, 'delivered')).toEqual({ status: 'delivered', attempts: 1, lastStatus: 200 });
});

test('a receiver that fails is tried again with the same id and the same bytes', async () => {
  stack.receiver.answer = (nth) => ({ status: nth < 3 ? 500 : 204 });
  const jobId = await submit();
  const tries = await stack.receiver.waitFor(jobId, 3);
  expect(new Set(tries.map(({ id }) => id)).size).toBe(1);
  expect(new Set(tries.map(({ body }) => body)).size).toBe(1);
  expect(tries.every(({ verified }) => verified)).toBe(true);
  expect(await callbackState(jobId, 'delivered')).toMatchObject({ attempts: 3, lastStatus: 204 });
});

test.each([400, 401, 404, 410, 422])('%i is final', async (status) => {
  stack.receiver.answer = () => ({ status });
  const jobId = await submit();
  expect(await callbackState(jobId, 'exhausted')).toMatchObject({ attempts: 1, lastStatus: status });
});

test.each([302, 307, 408, 409, 425, 429, 503])('%i is tried again until the schedule ends', async (status) => {
  stack.receiver.answer = () => ({ status, headers: { location: `${stack.source.url}/elsewhere` } });
  const jobId = await submit();
  expect(await callbackState(jobId, 'exhausted')).toMatchObject({ attempts: 4, lastStatus: status });
  expect(stack.source.requests.filter((line) => line.includes('elsewhere'))).toEqual([]);
});

test.each([429, 503])('%i with Retry-After is waited for', async (status) => {
  stack.receiver.answer = (nth) => (nth === 1 ? { status, headers: { 'retry-after': '2' } } : { status: 200 });
  const jobId = await submit();
  await stack.receiver.waitFor(jobId, 1);
  const firstAt = Date.now();
  await stack.receiver.waitFor(jobId, 2);
  expect(Date.now() - firstAt).toBeGreaterThan(1800);
});

test('a receiver that does not answer in time is a failed try', async () => {
  stack.receiver.answer = (nth) => (nth === 1 ? { status: 200, delayMs: 2500 } : { status: 200 });
  const jobId = await submit();
  await stack.receiver.waitFor(jobId, 2);
  expect(await callbackState(jobId, 'delivered')).toMatchObject({ attempts: 2 });
});

test('a receiver that is away costs no encode and hears of it when it is back', async () => {
  const jobId = await submit({ callbackUrl: 'http://127.0.0.1:9/callback' });
  expect(await stack.finished(jobId)).toMatchObject({ status: 'completed' });
  expect(await callbackState(jobId, 'exhausted')).toMatchObject({ attempts: 4, lastStatus: null });
});
