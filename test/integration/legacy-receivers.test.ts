import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answerAsOvenComplete, answerAsTapeMp4Complete } from '../support/legacy-receivers.ts';
import { poll } from '../support/poll.ts';
import type { Answer } from '../support/receiver.ts';
import { DURABLE } from '../support/redis-server.ts';
import { startStack, tapeOutput, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';

const SECRET = 'marker-oven-"secret"';
const CALLERS_SECRET = 'marker-callers-secret';
const SERVICE = { authorization: 'Bearer plain-service-token' };
const ACCEPTS: Answer = () => ({ status: 200 });
const SCHEDULE = { CALLBACK_SCHEDULE_MS: '0,200,200' };

const callbackWhen = (stack: Stack, jobId: string, status: string) =>
  poll(`the callback to be ${status}`, async () => {
    const { callback } = await stack.job(jobId);
    return callback.status === status ? callback : undefined;
  });

/** Of a log that lasts: what was there and is gone again, too. */
async function readAll(dir: string): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}

describe('the receivers of today', () => {
  let stack: Stack;
  let zipUrl: string;
  let noZipUrl: string;
  beforeAll(async () => {
    stack = await startStack({
      redis: DURABLE,
      env: {
        ...{
          MP4_SERVICE_TOKEN: 'plain-service-token',
          OVEN_COMPLETE_KEYS: 'mp4-service',
          OVEN_CALLBACK_SECRET: SECRET,
        },
        ...{ ...SCHEDULE, LOG_LEVEL: 'trace' },
      },
    });
    zipUrl = stack.source.serve('/tape.zip', (await buildTape({ durationsMs: [100, 100] })).zip);
    noZipUrl = stack.source.serve('/no.zip', Buffer.from('no zip'));
  });
  afterEach(() => {
    stack.receiver.answer = ACCEPTS;
  });
  afterAll(() => stack.stop());

  const oven = (changes: Record<string, unknown> = {}) =>
    stack.tapeRequest(zipUrl, { options: { scale: 1 }, code: 'abc', callbackSecret: CALLERS_SECRET, ...changes });
  const send = async (request: Record<string, unknown>): Promise<string> => {
    const { status, body } = await stack.post(request, SERVICE);
    expect([status, body]).toEqual([202, body]);
    return body.jobId;
  };

  test('oven-complete takes the end of a tape of a key that is named, as it is', async () => {
    stack.receiver.answer = answerAsOvenComplete(SECRET);
    const jobId = await send(oven({ metadata: { piece: 'wand' } }));
    const [callback] = await stack.receiver.waitFor(jobId);
    const job = await stack.finished(jobId);
    const { mp4Url, posterUrl, duration, size, resolution } = tapeOutput(job);
    expect(callback).toMatchObject({ status: 200, verified: true });
    expect(callback!.event).toEqual({
      ...{ mongoId: job.reference, code: 'abc', jobId, status: 'complete' },
      ...{ mp4Url, thumbnailUrl: posterUrl, duration, size, resolution },
      ...{ metadata: { piece: 'wand' }, secret: SECRET },
    });
    expect((await fetch(String(callback!.event.thumbnailUrl))).status).toBe(200);
    expect(await callbackWhen(stack, jobId, 'delivered')).toMatchObject({ attempts: 1, lastStatus: 200 });
  });

  test('oven-complete takes an error of a request that asks for it, again on each try and each replay', async () => {
    stack.receiver.answer = (nth, event) => (nth === 1 ? { status: 503 } : answerAsOvenComplete(SECRET)(nth, event));
    const request = oven({
      zipUrl: noZipUrl,
      code: undefined,
      metadata: { code: 'xyz' },
      callbackFormat: 'oven-complete',
    });
    const jobId = await submit(stack, request);
    const tries = await stack.receiver.waitFor(jobId, 2);
    expect(tries.map(({ status }) => status)).toEqual([503, 200]);
    const { error, reference } = await stack.job(jobId);
    expect(tries[1]!.event).toEqual({
      ...{ mongoId: reference, code: 'xyz', jobId, status: 'error' },
      ...{ error: error!.message, errorCode: 'ARCHIVE_INVALID', metadata: { code: 'xyz' }, secret: SECRET },
    });
    await callbackWhen(stack, jobId, 'delivered');
    await fetch(`${stack.url}/api/jobs/${jobId}/callback`, { method: 'POST', headers: SERVICE });
    const all = await stack.receiver.waitFor(jobId, 3);
    expect(new Set(all.map(({ body }) => body)).size).toBe(1);
    expect(all.every(({ verified }) => verified)).toBe(true);
    await fetch(`${stack.url}/api/jobs/${jobId}/retry`, { method: 'POST', headers: SERVICE });
    expect((await stack.receiver.waitFor(jobId, 4))[3]!.event).toMatchObject({ code: 'xyz', secret: SECRET });
  });

  test('oven-complete hears of a canceled tape as of an error', async () => {
    stack.receiver.answer = answerAsOvenComplete(SECRET);
    const held = stack.source.serve('/held.zip', () => undefined);
    const jobId = await send(oven({ zipUrl: held }));
    await fetch(`${stack.url}/api/jobs/${jobId}/cancel`, { method: 'POST', headers: SERVICE });
    const [callback] = await stack.receiver.waitFor(jobId);
    expect(callback).toMatchObject({
      status: 200,
      event: { status: 'canceled', error: 'The conversion was canceled' },
    });
  });

  test('a video of that key, a tape that says otherwise, and those of other keys have the standard body', async () => {
    const ids = [
      await send(stack.videoRequest(zipUrl)),
      await send(oven({ callbackFormat: 'standard' })),
      await submit(stack, oven()),
    ];
    for (const jobId of ids) {
      const [callback] = await stack.receiver.waitFor(jobId);
      expect(callback!.event).toMatchObject({ jobId });
      expect(callback!.event).not.toHaveProperty('secret');
      expect(callback!.event).not.toHaveProperty('thumbnailUrl');
    }
  });

  test.each<[string, () => Record<string, unknown>, object]>([
    ['a tape of that key without a code', () => oven({ code: undefined }), { path: 'code' }],
    ['a code that is none', () => oven({ code: '' }), { path: 'code' }],
    ['metadata.code that is none', () => oven({ code: undefined, metadata: { code: 7 } }), { path: 'code' }],
    ['a format that is not there', () => oven({ callbackFormat: 'oven' }), { path: 'callbackFormat' }],
    [
      'a video in a format of tapes',
      () => stack.videoRequest(zipUrl, { callbackFormat: 'oven-complete' }),
      {
        path: 'callbackFormat',
        message: 'expected "standard" for a video: only a tape can have another, got "oven-complete"',
      },
    ],
  ])('%s is refused', async (_what, build, error) => {
    expect(await stack.post(build(), SERVICE)).toMatchObject({ status: 400, body: { errors: [error] } });
  });

  test('tape-mp4-complete takes the standard body; an error, which it does not want, is given up at once', async () => {
    stack.receiver.answer = answerAsTapeMp4Complete;
    const complete = await submit(stack, stack.tapeRequest(zipUrl, { options: { scale: 1 } }));
    expect(await callbackWhen(stack, complete, 'delivered')).toMatchObject({ attempts: 1, lastStatus: 200 });
    const failed = await submit(stack, stack.tapeRequest(noZipUrl));
    expect(await callbackWhen(stack, failed, 'exhausted')).toMatchObject({ attempts: 1, lastStatus: 400 });
  });

  // Last: after everything that was done with it.
  test('the secret is on the wire alone: never in Redis, the journal, or a log, and the one that a caller sends nowhere', async () => {
    const [, redisDir] = (await stack.redis.command('CONFIG', 'GET', 'dir')) as [string, string];
    const written = await readAll(redisDir);
    const kept = await readAll(stack.dataDir);
    const logs = stack.api.log() + stack.worker!.log();
    for (const text of [written, kept]) expect(text).toContain('oven-complete');
    for (const text of [written, kept, logs]) expect(text).not.toMatch(/marker-oven|marker-callers/);
    expect(JSON.stringify(stack.receiver.received)).not.toContain('marker-callers');
  });
});

describe('without OVEN_CALLBACK_SECRET', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ env: SCHEDULE });
  });
  afterAll(() => stack.stop());

  test('its receiver is not asked, the log says why, and the event waits, then is given up', async () => {
    const noZipUrl = stack.source.serve('/no.zip', Buffer.from('no zip'));
    const jobId = await submit(stack, stack.tapeRequest(noZipUrl, { code: 'abc', callbackFormat: 'oven-complete' }));
    expect(await callbackWhen(stack, jobId, 'exhausted')).toMatchObject({ attempts: 3, lastStatus: null });
    expect(stack.receiver.received).toEqual([]);
    expect(stack.worker!.log()).toContain('OVEN_CALLBACK_SECRET: expected the secret of its receiver, got nothing');
  });
});
