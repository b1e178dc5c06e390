import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { poll } from '../support/poll.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';

jest.setTimeout(60_000);

const METRICS_TOKEN = 'metrics-token-0123456789';
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ env: { METRICS_TOKEN, JOB_ATTEMPTS: '1' } });
}, 60_000);
afterAll(() => stack.stop());

const scrape = (token?: string) =>
  fetch(`${stack.url}/metrics`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });

/** `name{label="value"}` → value, of every sample. */
async function readSamples(): Promise<Map<string, number>> {
  const text = await (await scrape(METRICS_TOKEN)).text();
  const samples = text.matchAll(/^([a-z_]+(?:\{[^}]*\})?) (\S+)$/gm);
  return new Map([...samples].map(([, series, value]) => [series!, Number(value)]));
}

test('only who has the token reads them', async () => {
  for (const token of [undefined, 'wrong', `${METRICS_TOKEN}x`]) {
    const answer = await scrape(token);
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 401,
      body: { code: 'UNAUTHORIZED' },
    });
  }
});

test('a job that was converted and one that failed are counted, with their phases, bytes and callbacks', async () => {
  const { zip } = await buildTape({ width: 32, height: 24, durationsMs: [100, 100, 100] });
  const done = await submit(stack, stack.tapeRequest(stack.source.serve('/good.zip', zip)));
  const { output } = await stack.finished(done);
  const bad = await submit(stack, stack.tapeRequest(stack.source.serve('/bad.zip', Buffer.from('not a ZIP'))));
  await stack.finished(bad);
  for (const jobId of [done, bad]) {
    await poll('the callback', async () => (await stack.job(jobId)).callback.status === 'delivered' || undefined);
  }
  const samples = await readSamples();
  const expectSample = (series: string) => expect({ [series]: samples.get(series) });
  const is = (series: string, value: number) => expectSample(series).toEqual({ [series]: value });
  is('tapedeck_jobs_finished_total{kind="tape",status="completed",code=""}', 1);
  is('tapedeck_jobs_finished_total{kind="tape",status="failed",code="ARCHIVE_INVALID"}', 1);
  is('tapedeck_jobs{kind="tape",status="completed"}', 1);
  is('tapedeck_jobs{kind="tape",status="failed"}', 1);
  is('tapedeck_source_bytes_total{kind="tape"}', zip.length);
  is('tapedeck_output_bytes_total{kind="tape"}', output!.size);
  is('tapedeck_storage_bytes', output!.size);
  is('tapedeck_conversion_seconds_count{kind="tape"}', 1);
  is('tapedeck_wait_seconds_bucket{le="+Inf",kind="tape"}', 2);
  is('tapedeck_phase_seconds_count{kind="tape",phase="encode"}', 1);
  is('tapedeck_phase_seconds_count{kind="tape",phase="download"}', 2);
  is('tapedeck_encode_speed_ratio_count{kind="tape"}', 1);
  is('tapedeck_callback_tries_total{outcome="delivered"}', 2);
  is('tapedeck_workers{state="alive"}', 1);
  is('tapedeck_workers{state="lost"}', 0);
  is('tapedeck_queue_jobs{queue="conversions",state="waiting"}', 0);
  expect(samples.get('tapedeck_worker_memory_bytes{process="node"}')).toBeGreaterThan(1e7);
  for (const disk of ['work', 'data']) {
    expect(samples.get(`tapedeck_disk_used_ratio{disk="${disk}"}`)).toBeGreaterThan(0);
    expect(samples.get(`tapedeck_disk_used_ratio{disk="${disk}"}`)).toBeLessThan(1);
  }
  expect(samples.get('tapedeck_redis_memory_used_bytes')).toBeGreaterThan(0);
});

test('there are as many series as before, however many jobs there are', async () => {
  const before = (await readSamples()).size;
  for (let index = 0; index < 20; index += 1) {
    const request = stack.tapeRequest(`${stack.source.url}/none-${index}.zip`, { slug: `many-${index}` });
    await submit(stack, { ...request, mongoId: `many-${index}` });
  }
  const added = [...(await readSamples()).keys()].length - before;
  expect(added).toBeLessThan(40);
});
