import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobView } from '@tapedeck/contracts';
import { connectRedis, hideJob, waitForRedis } from '@tapedeck/jobs';
import { parsePlaylistUris } from '@tapedeck/transfer';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { poll } from '../support/poll.ts';
import { endProcess } from '../support/redis-server.ts';
import { findProcessesIn, hlsOutput, startStack, tapeOutput, TOKEN, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { ffmpeg, X264 } from '../support/video/clip.ts';

jest.setTimeout(120_000);

/** Cancel, retry and replay, by hand, on jobs in every state. */
let stack: Stack;
let short: Buffer;
let long: Buffer;
beforeAll(async () => {
  stack = await startStack({
    env: { JOB_LOCK_MS: '1500', JOB_STALL_CHECK_MS: '500', CALLBACK_SCHEDULE_MS: '0,60000' },
  });
  short = (await buildTape({ width: 32, height: 24, durationsMs: [100, 100, 100] })).zip;
  long = (await buildTape({ width: 160, height: 120, durationsMs: Array<number>(400).fill(33) })).zip;
}, 90_000);
afterAll(() => stack.stop());
afterEach(() => {
  stack.receiver.answer = () => ({ status: 200 });
});

async function steer(jobId: string, action: 'cancel' | 'retry' | 'callback', body?: string) {
  const answer = await fetch(`${stack.url}/api/jobs/${jobId}/${action}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body }),
  });
  return { status: answer.status, body: (await answer.json()) as JobView & { code?: string } };
}

const request = (zip: Buffer, changes: Record<string, unknown> = {}): Record<string, unknown> =>
  stack.tapeRequest(stack.source.serve(`/${crypto.randomUUID()}.zip`, zip), changes);

/** A job in the middle of its encode. */
async function startLong(slug: string): Promise<string> {
  const jobId = await submit(stack, request(long, { slug, options: { preset: 'slow', scale: 4 } }));
  await poll('the encode to begin', async () => {
    const { phase, progress } = await stack.job(jobId);
    return phase === 'encode' && progress >= 15 ? true : undefined;
  });
  return jobId;
}

async function expectNothingRuns(): Promise<void> {
  const left = async () => [
    ...(await findProcessesIn(stack.workDir)),
    ...(await readdir(stack.workDir, { recursive: true })).filter((name) => name.endsWith('.mp4')),
  ];
  await poll('FFmpeg to end', async () => ((await left()).length === 0 ? true : undefined), 2_000);
}

describe('cancel', () => {
  test('ends a running FFmpeg within two seconds, publishes nothing, tells the caller once', async () => {
    const jobId = await startLong('running');
    const startedAt = performance.now();
    const { status, body } = await steer(jobId, 'cancel');
    expect([status, body.status]).toEqual([200, 'canceled']);
    await expectNothingRuns();
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    const events = await stack.receiver.waitFor(jobId);
    expect(events.map(({ event }) => event.status)).toEqual(['canceled']);
    expect((await fetch(`${stack.url}/storage/tapes/running.mp4`)).status).toBe(404);
  });

  test('reaches an attempt that has nothing to report', async () => {
    let isAsked = false;
    const zipUrl = stack.source.serve('/hangs.zip', () => {
      isAsked = true;
    });
    const jobId = await submit(stack, stack.tapeRequest(zipUrl));
    await poll('the download to hang', () => (isAsked ? true : undefined));
    expect(await steer(jobId, 'cancel')).toMatchObject({ status: 200, body: { status: 'canceled' } });
  });

  test('reaches an attempt whose message was lost', async () => {
    let isAsked = false;
    const zipUrl = stack.source.serve('/drips.zip', (_request, response) => {
      isAsked = true;
      const drip = setInterval(() => response.write('x'.repeat(20_000)), 200);
      response.on('close', () => clearInterval(drip));
    });
    const jobId = await submit(stack, stack.tapeRequest(zipUrl));
    await poll('the download to begin', () => (isAsked ? true : undefined));
    const redis = connectRedis(stack.redis.url, 'fast', () => undefined);
    await waitForRedis(redis, 5_000);
    // What a cancellation writes, without the message that follows.
    await redis.hset(`tapedeck:job:${jobId}`, 'cancelRequestedAtMs', Date.now());
    redis.disconnect();
    expect(await stack.finished(jobId, 10_000)).toMatchObject({ status: 'canceled' });
  });

  test('of a job that waits is at once, and the next one moves up', async () => {
    const running = await startLong('holds-the-worker');
    const [first, second] = [await submit(stack, request(short)), await submit(stack, request(short))];
    expect((await stack.job(second)).positionInQueue).toBe(2);
    expect(await steer(first, 'cancel')).toMatchObject({ status: 200, body: { status: 'canceled', attempt: 0 } });
    expect((await stack.job(second)).positionInQueue).toBe(1);
    await steer(running, 'cancel');
    expect(await stack.finished(second)).toMatchObject({ status: 'completed' });
    expect((await stack.job(first)).status).toBe('canceled');
  });

  test('of a job that waits for its next attempt is at once, too', async () => {
    const zipUrl = stack.source.serve('/never.zip', (_request, response) => void response.writeHead(500).end());
    const jobId = await submit(stack, stack.tapeRequest(zipUrl));
    await poll('the first attempt to fail', async () => ((await stack.job(jobId)).error ? true : undefined));
    expect(await steer(jobId, 'cancel')).toMatchObject({ status: 200, body: { status: 'canceled' } });
  });

  test('may be asked for many times at once; there is one event', async () => {
    const jobId = await startLong('many');
    const answers = await Promise.all(Array.from({ length: 8 }, () => steer(jobId, 'cancel')));
    expect(answers.map(({ body }) => body.status)).toEqual(Array<string>(8).fill('canceled'));
    expect(await steer(jobId, 'cancel')).toMatchObject({ status: 200, body: { status: 'canceled' } });
    expect(await stack.receiver.waitFor(jobId)).toHaveLength(1);
  });

  test('comes too late for a job that has ended', async () => {
    const jobId = await submit(stack, request(short));
    await stack.finished(jobId);
    expect(await steer(jobId, 'cancel')).toMatchObject({ status: 409, body: { code: 'JOB_STATE_CONFLICT' } });
    expect((await stack.job(jobId)).status).toBe('completed');
  });

  test('while it ends leaves one state and one event that say the same', async () => {
    for (const delayMs of [0, 150, 300, 450, 600, 800]) {
      const jobId = await submit(stack, request(short));
      await new Promise((done) => setTimeout(done, delayMs));
      await steer(jobId, 'cancel');
      const { status } = await stack.finished(jobId);
      const events = await stack.receiver.waitFor(jobId);
      const told = { completed: 'complete', canceled: 'canceled' }[status as 'completed' | 'canceled'];
      expect(events.map(({ event }) => event.status)).toEqual([told]);
    }
  });

  test('of a job whose worker is dead is carried out by the next', async () => {
    const jobId = await startLong('dead');
    await endProcess(stack.worker!.child, 'SIGKILL');
    // Its last attempt: it is canceled all the same, and did not fail.
    const redis = connectRedis(stack.redis.url, 'fast', () => undefined);
    await waitForRedis(redis, 5_000);
    await redis.hset(`tapedeck:job:${jobId}`, 'maxAttempts', 1);
    redis.disconnect();
    expect(await steer(jobId, 'cancel')).toMatchObject({ status: 202, body: { status: 'processing' } });
    await stack.startWorker();
    expect(await stack.finished(jobId)).toMatchObject({ status: 'canceled' });
    await expectNothingRuns();
  });
});

describe('retry', () => {
  test('runs a failed job again from the start, with a new end and a new event', async () => {
    const path = `/${crypto.randomUUID()}.zip`;
    const zipUrl = stack.source.serve(path, Buffer.alloc(2_000, 'tapedeck!'));
    const jobId = await submit(stack, stack.tapeRequest(zipUrl));
    expect(await stack.finished(jobId)).toMatchObject({ status: 'failed', error: { code: 'ARCHIVE_INVALID' } });
    await stack.receiver.waitFor(jobId);
    stack.source.serve(path, short);
    expect(await steer(jobId, 'retry')).toMatchObject({ status: 202, body: { jobId, error: null } });
    const job = await stack.finished(jobId);
    expect(job).toMatchObject({ status: 'completed', attempt: 1 });
    const events = await stack.receiver.waitFor(jobId, 2);
    expect(events.map(({ event }) => event.status)).toEqual(['error', 'complete']);
    expect(new Set(events.map(({ id }) => id)).size).toBe(2);
    expect((await fetch(tapeOutput(job).mp4Url)).status).toBe(200);
  });

  test('of a job that was canceled a moment ago is not lost in the queue', async () => {
    const jobId = await startLong('again');
    expect((await steer(jobId, 'cancel')).body.status).toBe('canceled');
    const answers = await Promise.all(Array.from({ length: 5 }, () => steer(jobId, 'retry')));
    for (const { status, body } of answers) {
      expect([status, ['queued', 'processing'].includes(body.status)]).toEqual([202, true]);
    }
    expect(await stack.finished(jobId, 60_000)).toMatchObject({ status: 'completed', attempt: 1 });
    await poll('its callback', async () =>
      (await stack.job(jobId)).callback.status === 'delivered' ? true : undefined,
    );
    const events = await stack.receiver.waitFor(jobId);
    expect(events.filter(({ event }) => event.status === 'complete')).toHaveLength(1);
  });

  test('takes back an event that was not delivered yet', async () => {
    stack.receiver.answer = () => ({ status: 500 });
    const path = `/${crypto.randomUUID()}.zip`;
    const jobId = await submit(stack, stack.tapeRequest(stack.source.serve(path, Buffer.alloc(2_000, 'x'))));
    await stack.finished(jobId);
    await stack.receiver.waitFor(jobId);
    stack.source.serve(path, short);
    stack.receiver.answer = () => ({ status: 200 });
    await steer(jobId, 'retry');
    await stack.finished(jobId);
    await poll('the new event', async () => {
      const { callback } = await stack.job(jobId);
      return callback.status === 'delivered' ? true : undefined;
    });
    const events = await stack.receiver.waitFor(jobId, 2);
    expect(events.map(({ event, status }) => [event.status, status])).toEqual([
      ['error', 500],
      ['complete', 200],
    ]);
  });

  test('is refused for a job that completed, and when another does the same', async () => {
    const again = request(short, { mongoId: 'same' });
    const done = await submit(stack, again);
    await stack.finished(done);
    expect(await steer(done, 'retry')).toMatchObject({ status: 409, body: { code: 'JOB_STATE_CONFLICT' } });

    const body = request(long, { mongoId: 'twice', options: { preset: 'slow', scale: 4 } });
    const first = await submit(stack, body);
    await steer(first, 'cancel');
    const second = await submit(stack, body);
    expect(await steer(first, 'retry')).toMatchObject({ status: 409, body: { code: 'JOB_STATE_CONFLICT' } });
    await steer(second, 'cancel');
  });
});

describe('callback', () => {
  test('is sent again with its id and its body, also after it was exhausted', async () => {
    stack.receiver.answer = () => ({ status: 410 });
    const jobId = await submit(stack, request(short));
    await stack.finished(jobId);
    await poll('it to be given up', async () =>
      (await stack.job(jobId)).callback.status === 'exhausted' ? true : undefined,
    );
    stack.receiver.answer = () => ({ status: 200 });
    expect(await steer(jobId, 'callback', '')).toMatchObject({ status: 202, body: { callback: { attempts: 0 } } });
    const [first, second] = await stack.receiver.waitFor(jobId, 2);
    expect([second!.id, second!.body, second!.verified]).toEqual([first!.id, first!.body, true]);
    await poll('it to be delivered', async () =>
      (await stack.job(jobId)).callback.status === 'delivered' ? true : undefined,
    );
    await steer(jobId, 'callback', '{}');
    expect(await stack.receiver.waitFor(jobId, 3)).toHaveLength(3);
  });

  test('needs a job that has ended', async () => {
    const jobId = await startLong('no-event');
    expect(await steer(jobId, 'callback')).toMatchObject({ status: 409, body: { code: 'JOB_STATE_CONFLICT' } });
    await steer(jobId, 'cancel');
  });
});

describe('delete', () => {
  const remove = async (jobId: string, query = '') => {
    const answer = await fetch(`${stack.url}/api/jobs/${jobId}${query}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const isThere = async (url: string): Promise<boolean> => (await fetch(url, { method: 'HEAD' })).status === 200;

  test('of a job leaves its files, or removes them and says what that freed', async () => {
    const kept = tapeOutput(await stack.finished(await submit(stack, request(short, { slug: 'kept' }))));
    const job = await stack.finished(await submit(stack, request(short, { slug: 'removed' })));
    const { mp4Url, posterUrl, size } = tapeOutput(job);
    await stack.receiver.waitFor(job.jobId);
    const posterBytes = (await (await fetch(posterUrl!)).arrayBuffer()).byteLength;
    expect(await remove(job.jobId, '?delete_files=true')).toEqual({
      status: 200,
      body: { success: true, deleted_files: 2, space_freed: size + posterBytes },
    });
    expect([await isThere(mp4Url), await isThere(posterUrl!), await isThere(kept.mp4Url)]).toEqual([
      false,
      false,
      true,
    ]);
    expect(await stack.job(job.jobId)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect((await remove(job.jobId)).status).toBe(404);
    const redis = connectRedis(stack.redis.url, 'fast', () => undefined);
    await waitForRedis(redis, 5_000);
    expect(await redis.keys('tapedeck:publisher:*removed*')).toEqual([]);
    // Another job has the turn, and takes long.
    await redis.set('tapedeck:turn:tapes/kept.mp4', 'somebody', 'PX', 8_000);
    const keptId = stack.receiver.received.find(({ event }) => event.mp4Url === kept.mp4Url)!.event.jobId;
    expect(await remove(keptId, '?delete_files=true')).toMatchObject({
      status: 409,
      body: { code: 'JOB_STATE_CONFLICT' },
    });
    expect(await stack.job(keptId)).toMatchObject({ status: 'completed' });
    redis.disconnect();
  });

  test('that died before the files were gone is carried out when it is asked for again', async () => {
    const job = await stack.finished(await submit(stack, request(short, { slug: 'half-deleted' })));
    await stack.receiver.waitFor(job.jobId);
    const redis = connectRedis(stack.redis.url, 'fast', () => undefined);
    await waitForRedis(redis, 5_000);
    await hideJob(redis, job.jobId);
    redis.disconnect();
    expect(await stack.job(job.jobId)).toMatchObject({ status: 404 });
    expect((await remove(job.jobId, '?delete_files=true')).body).toMatchObject({ success: true, deleted_files: 2 });
    expect(await isThere(tapeOutput(job).mp4Url)).toBe(false);
    expect((await remove(job.jobId)).status).toBe(404);
  });

  test('of a video removes everything of ours below its slug, and nothing else', async () => {
    const video = await buildSampleVideo({ width: 160, height: 90, durationSec: 1 });
    const videoUrl = stack.source.serve('/video.mp4', video);
    const job = await stack.finished(await submit(stack, stack.videoRequest(videoUrl, { slug: 'clip' })));
    const theirs = join(stack.dataDir, 'storage/media/clip/original.mov');
    await writeFile(theirs, 'theirs');
    const { body } = await remove(job.jobId, '?delete_files=true');
    expect(body).toEqual({ success: true, deleted_files: 4, space_freed: job.output!.size });
    expect(await readdir(join(stack.dataDir, 'storage/media/clip'))).toEqual(['original.mov']);
  });

  test('leaves what a later job has put in the place', async () => {
    const first = await stack.finished(await submit(stack, request(short, { slug: 'same-place' })));
    const second = await stack.finished(await submit(stack, request(short, { slug: 'same-place' })));
    expect((await remove(first.jobId, '?delete_files=true')).body).toEqual({
      success: true,
      deleted_files: 0,
      space_freed: 0,
    });
    expect(await isThere(tapeOutput(second).mp4Url)).toBe(true);
  });

  test('of a running job stops it first; its caller hears of that all the same', async () => {
    stack.receiver.answer = (nth) => ({ status: nth === 1 ? 500 : 200 });
    const jobId = await startLong('deleted-while-running');
    expect(await remove(jobId)).toMatchObject({ status: 200, body: { success: true } });
    await expectNothingRuns();
    const [event] = await stack.receiver.waitFor(jobId);
    expect(event!.event.status).toBe('canceled');
    expect(await stack.job(jobId)).toMatchObject({ status: 404 });
    expect((await steer(jobId, 'retry')).status).toBe(404);
  });

  test('while a later job publishes in the place leaves that one whole', async () => {
    const colours = ['red', 'blue'].map((colour) => [
      '-f',
      'lavfi',
      '-i',
      `color=${colour}:size=160x90:rate=10:duration=24`,
    ]);
    const [red, blue] = await Promise.all(
      colours.map(async (input, at) => {
        const path = join(stack.dataDir, `${at}.mp4`);
        await ffmpeg([...input, ...X264, path]);
        return readFile(path);
      }),
    );
    const convert = async (video: Buffer) => {
      const videoUrl = stack.source.serve(`/${crypto.randomUUID()}.mp4`, video);
      return submit(stack, stack.videoRequest(videoUrl, { slug: 'contested' }));
    };
    const first = await convert(red!);
    await stack.finished(first);
    const second = await convert(blue!);
    await poll('it to publish', async () => ((await stack.job(second)).phase === 'publish' ? true : undefined));
    await remove(first, '?delete_files=true');
    const { hlsUrl, renditions } = hlsOutput(await stack.finished(second));
    expect(await isThere(hlsUrl)).toBe(true);
    for (const { playlistUrl } of renditions) {
      const uris = parsePlaylistUris(await (await fetch(playlistUrl)).text());
      expect(uris).toHaveLength(3);
      for (const uri of uris) expect(await isThere(new URL(uri, playlistUrl).href)).toBe(true);
    }
  });

  test('of a tape without a poster leaves a poster that is not its own', async () => {
    await stack.finished(await submit(stack, request(short, { slug: 'posters' })));
    const job = await stack.finished(
      await submit(stack, request(short, { slug: 'posters', mongoId: 'later', options: { poster: false } })),
    );
    expect((await remove(job.jobId, '?delete_files=true')).body).toMatchObject({ deleted_files: 1 });
    expect(await isThere(`${stack.url}/storage/tapes/posters-poster.jpg`)).toBe(true);
  });

  test('may say that it sends JSON, and send none', async () => {
    const jobId = await submit(stack, request(short));
    await stack.finished(jobId);
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const answer = await fetch(`${stack.url}/api/jobs/${jobId}`, { method: 'DELETE', headers });
    expect(answer.status).toBe(200);
  });

  test('of what makes no sense is refused', async () => {
    const jobId = await submit(stack, request(short));
    expect(await remove(jobId, '?delete_files=yes')).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    await stack.finished(jobId);
  });
});

test('what is not there is not found, and nothing is done without a token', async () => {
  for (const action of ['cancel', 'retry', 'callback'] as const) {
    expect(await steer('tape_unknown', action)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    const answer = await fetch(`${stack.url}/api/jobs/tape_unknown/${action}`, { method: 'POST' });
    expect(answer.status).toBe(401);
  }
});
