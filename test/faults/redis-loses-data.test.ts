import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { buildSampleTape } from '../../scripts/sample/tape.ts';
import { poll } from '../support/poll.ts';
import { startRgw, type TestRgw } from '../support/rgw.ts';
import { startS3Proxy, type Fault, type S3Proxy } from '../support/s3-proxy.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';
import { startStack, TOKEN, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';

jest.setTimeout(180_000);

const JOURNAL = /^PUT \/tapes\/\.tapedeck\/journal\//;
const QUICK = { JOB_LOCK_MS: '1500', JOB_STALL_CHECK_MS: '500' };

let rgw: TestRgw;
let proxy: S3Proxy;
let spaces: TestSpaces;
let zip: Buffer;
beforeAll(async () => {
  rgw = await startRgw();
  proxy = await startS3Proxy(rgw.endpoint);
  spaces = openSpaces(rgw, proxy.endpoint);
  await spaces.createBucket('tapes');
  ({ zip } = await buildSampleTape(6));
}, 90_000);
afterAll(async () => {
  spaces.close();
  await proxy.stop();
  await rgw.stop();
});

let stack: Stack;
const start = async (env: Record<string, string> = {}): Promise<void> => {
  stack = await startStack({ env: { ...spaces.env, ...QUICK, ...env } });
};
beforeEach(() => proxy.failAt(() => undefined));
afterEach(() => stack.stop());

const tape = (path = '/a.zip', changes: object = {}) =>
  submit(stack, stack.tapeRequest(stack.source.serve(path, zip), { options: { scale: 1 }, ...changes }));

/** A source that gives nothing until it is told to. */
function holdBack(path: string): { url: string; release: () => void; begun: () => Promise<true> } {
  const released: PromiseWithResolvers<void> = Promise.withResolvers();
  let isAsked = false;
  const url = stack.source.serve(path, (_request, response) => {
    isAsked = true;
    void released.promise.then(() => response.writeHead(200, { 'content-length': zip.length }).end(zip));
  });
  const begun = () => poll('the source to be asked', () => (isAsked ? true : undefined));
  return { url, release: () => released.resolve(), begun };
}

const cancel = (jobId: string) =>
  fetch(`${stack.url}/api/jobs/${jobId}/cancel`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } });

async function expectOneEvent(jobId: string): Promise<void> {
  const callbacks = await stack.receiver.waitFor(jobId);
  expect(new Set(callbacks.map(({ id }) => id)).size).toBe(1);
}

test('FLUSHALL: what runs, what waits and what was not told comes to its end, what was told stays told', async () => {
  await start();
  const told = await tape('/told.zip');
  await expectOneEvent(told);
  stack.receiver.answer = () => ({ status: 503 });
  const untold = await tape('/untold.zip');
  await poll('its first try', () =>
    stack.receiver.received.some(({ event }) => event.jobId === untold) ? true : undefined,
  );
  const source = holdBack('/held.zip');
  const running = await submit(stack, stack.tapeRequest(source.url, { options: { scale: 1 } }));
  await source.begun();
  const waiting = await tape('/waiting.zip');

  await stack.redis.command('FLUSHALL');
  stack.receiver.answer = () => ({ status: 200 });
  source.release();
  for (const jobId of [running, waiting]) {
    await poll(
      `${jobId} to be known again`,
      async () => ((await stack.job(jobId)).createdAt ? true : undefined),
      30_000,
    );
    expect(await stack.finished(jobId, 90_000)).toMatchObject({ status: 'completed' });
    await expectOneEvent(jobId);
  }
  const calls = await stack.receiver.waitFor(untold, 2);
  expect(new Set(calls.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
  await poll('it to be delivered', async () =>
    (await stack.job(untold)).callback.status === 'delivered' ? true : undefined,
  );
  expect(stack.receiver.received.filter(({ event }) => event.jobId === told)).toHaveLength(1);
  expect(await stack.job(told)).toMatchObject({ status: 404 });
});

test('old data: what has ended since then neither runs nor is told again, what was accepted since then runs', async () => {
  await start();
  const [running, waiting] = [holdBack('/running.zip'), holdBack('/waiting.zip')];
  const request = (url: string) => submit(stack, stack.tapeRequest(url, { options: { scale: 1 } }));
  const ended = [await request(running.url)];
  await running.begun();
  ended.push(await request(waiting.url));
  await stack.redis.command('SAVE');
  running.release();
  waiting.release();
  for (const jobId of ended) await expectOneEvent(jobId);
  const later = holdBack('/later.zip');
  const accepted = await request(later.url);
  await later.begun();
  const asked = stack.source.requests.length;

  await stack.redis.kill();
  await stack.redis.start();
  later.release();
  await stack.receiver.waitFor(accepted);
  for (const jobId of ended) {
    await poll('its end to be known again', async () => {
      const { status, callback } = await stack.job(jobId);
      return status === 'completed' && callback.status === 'delivered' ? true : undefined;
    });
    expect(stack.receiver.received.filter(({ event }) => event.jobId === jobId)).toHaveLength(1);
  }
  expect(new Set(stack.source.requests.slice(asked))).toEqual(new Set(['GET /later.zip']));
});

test('without a journal what Redis loses is lost, and nothing is written to the store before the 202', async () => {
  await start({ JOB_JOURNAL: 'off' });
  const source = holdBack('/lost.zip');
  const jobId = await submit(stack, stack.tapeRequest(source.url));
  await source.begun();
  await stack.redis.command('FLUSHALL');
  source.release();
  const later = await tape('/later.zip');
  expect(await stack.finished(later)).toMatchObject({ status: 'completed' });
  expect(await stack.job(jobId)).toMatchObject({ status: 404 });
  expect(proxy.requests.filter((line) => JOURNAL.test(line))).toEqual([]);
});

describe('a store that takes no entry', () => {
  const FAULTS: Fault[] = [{ answer: 503, code: 'ServiceUnavailable' }, 'hang'];
  test.each(FAULTS)(
    'because it says %j is 503 with Retry-After; the job waits for it, and is taken when it is back',
    async (fault) => {
      await start();
      proxy.failAt((line) => (JOURNAL.test(line) ? fault : undefined));
      const request = stack.tapeRequest(stack.source.serve('/a.zip', zip), { options: { scale: 1 } });
      const startedAt = performance.now();
      const refused = await stack.post(request);
      expect(refused).toMatchObject({ status: 503, body: { code: 'STORAGE_UNAVAILABLE' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(stack.source.requests).toEqual([]);
      proxy.failAt(() => undefined);
      const jobId = await submit(stack, request);
      expect(await stack.finished(jobId)).toMatchObject({ status: 'completed' });
      await expectOneEvent(jobId);
    },
  );

  test('because the bucket is not there keeps nobody from hearing of that', async () => {
    await start();
    const jobId = await tape('/b.zip', { bucket: 'missing' });
    expect(await stack.finished(jobId)).toMatchObject({ error: { code: 'STORAGE_BUCKET_MISSING' } });
    await expectOneEvent(jobId);
  });
});

test('under load few objects are written, and each job is in one of them before its 202', async () => {
  await start();
  const url = stack.source.serve('/missing.zip', (_request, response) => void response.writeHead(404).end());
  proxy.failAt(() => undefined);
  const startedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: 60 }, () => stack.post(stack.tapeRequest(url))));
  const durationMs = performance.now() - startedAt;
  expect(answers.map(({ status }) => status)).toEqual(Array<number>(60).fill(202));
  const objects = proxy.requests.filter((line) => JOURNAL.test(line)).length;
  // One in 50 ms, and what the worker has written meanwhile.
  expect(objects).toBeLessThanOrEqual(Math.ceil(durationMs / 50) + 5);
  const written = await Promise.all((await spaces.listPrivate('tapes')).map((key) => spaces.read('tapes', key)));
  const journal = Buffer.concat(written).toString('utf8');
  for (const { body } of answers) expect(journal).toContain(`{"state":"accepted","jobId":"${body.jobId}"`);
  await Promise.all(answers.map(({ body }) => cancel(body.jobId)));
});

test('entries are for nobody else: not readable, no place for a result, no source', async () => {
  await start();
  await stack.finished(await tape());
  const [key] = await spaces.listPrivate('tapes');
  expect(key).toMatch(/^\.tapedeck\/journal\/[0-9a-f]{16}\/\d{15}-[0-9a-f-]+\.ndjson$/);
  const url = `${proxy.endpoint}/tapes/${key}`;
  expect((await fetch(url)).status).toBe(403);
  const hidden = `${proxy.endpoint}/tapes/.tapedeck/journal/a.zip`;
  expect((await stack.post(stack.tapeRequest(hidden))).body).toMatchObject({ code: 'STORAGE_KEY_REFUSED' });
  const video = stack.videoRequest('https://a.example/a.mov', { slug: '.tapedeck' });
  expect((await stack.post(video)).body).toMatchObject({ code: 'STORAGE_KEY_REFUSED' });
  const jobId = await submit(stack, stack.videoRequest(url, { bucket: 'tapes', slug: 'stolen' }));
  await poll(
    'it to fail',
    async () => ((await stack.job(jobId)).error?.code === 'SOURCE_FORBIDDEN' ? true : undefined),
    60_000,
  );
  await cancel(jobId);
});
