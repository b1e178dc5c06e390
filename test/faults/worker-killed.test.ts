import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PHASES, type JobView, type Phase } from '@tapedeck/contracts';
import { connectRedis, waitForRedis, type Redis } from '@tapedeck/jobs';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { createMisbehavingTools, type MisbehavingTools } from '../support/misbehaving-tools.ts';
import { poll } from '../support/poll.ts';
import { startRedisGate, type RedisGate } from '../support/redis-gate.ts';
import type { ReceivedCallback } from '../support/receiver.ts';
import { readFiles } from '../support/read-files.ts';
import { endProcess } from '../support/redis-server.ts';
import { sendFile } from '../support/source-server.ts';
import { createViewer } from '../support/viewer.ts';
import {
  findProcessesIn,
  hlsOutput,
  startStack,
  tapeOutput,
  type RunningProcess,
  type Stack,
} from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';

jest.setTimeout(90_000);

const exec = promisify(execFile);

let tools: MisbehavingTools;
let stack: Stack;
let gate: RedisGate;
let redis: Redis;
let zip: Buffer;
/** The one that is alive. */
let worker: RunningProcess;
beforeAll(async () => {
  tools = await createMisbehavingTools();
  const env = { ...tools.env, JOB_LOCK_MS: '4000', JOB_STALL_CHECK_MS: '500', CALLBACK_TIMEOUT_MS: '60000' };
  stack = await startStack({ worker: false, env });
  gate = await startRedisGate(stack.redis.url);
  stack.env.REDIS_URL = gate.url;
  redis = connectRedis(stack.redis.url, 'fast', () => undefined);
  await waitForRedis(redis, 5_000);
  zip = (await buildTape({ soundtrack: true })).zip;
  worker = await stack.startWorker();
});
afterEach(async () => {
  gate.open();
  stack.receiver.answer = () => ({ status: 200 });
  for (const tool of ['ffmpeg', 'ffprobe'] as const) await tools.behave(tool);
});
afterAll(async () => {
  redis?.disconnect();
  await stack?.stop();
  await gate?.stop();
  await tools?.remove();
});

let tapes = 0;
/** The first request for the tape stands still in the middle until `release`. */
function serveHesitantly(): { zipUrl: string; release: () => void } {
  const rest = Promise.withResolvers<undefined>();
  const zipUrl = stack.source.serve(`/${++tapes}.zip`, (request, response, hits) => {
    if (hits > 1) return sendFile(request, response, zip);
    response.writeHead(200, { 'content-length': zip.length });
    response.write(zip.subarray(0, 1_000));
    void rest.promise.then(() => response.end(zip.subarray(1_000)));
  });
  return { zipUrl, release: () => rest.resolve(undefined) };
}

const submitTape = (zipUrl = stack.source.serve(`/${++tapes}.zip`, zip), changes: object = {}): Promise<string> =>
  submit(stack, stack.tapeRequest(zipUrl, { options: { scale: 1 }, ...changes }));

const untilPhase = (jobId: string, phase: Phase) =>
  poll(`the phase ${phase}`, async () => ((await stack.job(jobId)).phase === phase ? true : undefined));

async function findWorkspace(): Promise<string> {
  const [root] = await readdir(stack.workDir);
  const attempt = await poll('the workspace', async () =>
    (await readdir(join(stack.workDir, root!))).find((name) => name.startsWith('tape_')),
  );
  return join(stack.workDir, root!, attempt);
}

const storagePath = (name: string): string => join(stack.dataDir, 'storage', 'tapes', name);

/** Begins a job and resolves when it stands still in the phase. */
const HOLDS: Record<Phase, () => Promise<string>> = {
  async download() {
    const jobId = await submitTape(serveHesitantly().zipUrl);
    await untilPhase(jobId, 'download');
    await findWorkspace();
    return jobId;
  },
  async extract() {
    const { zipUrl, release } = serveHesitantly();
    const jobId = await submitTape(zipUrl);
    // Who opens a pipe for writing waits for somebody who reads it.
    await exec('mkfifo', [join(await findWorkspace(), 'frame-000003.png')]);
    release();
    await untilPhase(jobId, 'extract');
    return jobId;
  },
  probe: () => holdTool('ffprobe', 'file:soundtrack.wav'),
  encode: () => holdTool('ffmpeg', '-progress'),
  verify: () => holdTool('ffprobe', 'file:out.mp4'),
  async publish() {
    const incoming = join(stack.dataDir, 'incoming', 'tapes');
    const slug = 'half-published';
    // The poster is public; the MP4 is not, but would be with the next answer.
    gate.closeWhen(
      () => existsSync(storagePath(`${slug}-poster.jpg`)) && existsSync(incoming) && readdirSync(incoming).length > 0,
    );
    const jobId = await submitTape(undefined, { slug });
    await gate.untilClosed();
    expect(existsSync(storagePath(`${slug}.mp4`))).toBe(false);
    return jobId;
  },
};

async function holdTool(tool: 'ffmpeg' | 'ffprobe', when: string): Promise<string> {
  await tools.hold(tool, when);
  const jobId = await submitTape();
  await tools.untilHeld(tool);
  return jobId;
}

/** The worker's place is taken by another. */
async function replaceWorker(): Promise<void> {
  await endProcess(worker.child, 'SIGKILL');
  const findNothing = async () => ((await findProcessesIn(stack.workDir)).length === 0 ? true : undefined);
  await poll('every process of the dead to end', findNothing, 5_000);
  gate.open();
  for (const tool of ['ffmpeg', 'ffprobe'] as const) await tools.behave(tool);
  worker = await stack.startWorker();
}

async function untilDelivered({ jobId }: Pick<JobView, 'jobId'>): Promise<ReceivedCallback[]> {
  await poll('the callback to be delivered', async () =>
    (await stack.job(jobId)).callback.status === 'delivered' ? true : undefined,
  );
  return stack.receiver.waitFor(jobId);
}

describe('a worker that is killed', () => {
  test.each(PHASES)('in %s leaves a job that the next one completes, and nothing else', async (phase) => {
    const jobId = await HOLDS[phase]();
    expect(await stack.job(jobId)).toMatchObject({ status: 'processing', phase, attempt: 1 });
    const [deadRoot] = await readdir(stack.workDir);
    await replaceWorker();
    expect(await readdir(stack.workDir)).not.toContain(deadRoot);

    const job = await stack.finished(jobId);
    expect(job).toMatchObject({ status: 'completed', attempt: 2, error: null });
    const { mp4Url, posterUrl } = tapeOutput(job);
    for (const url of [mp4Url, posterUrl!]) expect(await fetch(url)).toMatchObject({ status: 200 });
    const callbacks = await untilDelivered(job);
    expect(callbacks).toMatchObject([{ verified: true, event: { status: 'complete', mp4Url } }]);
    const [root] = await readdir(stack.workDir);
    expect(await readdir(join(stack.workDir, root!))).toEqual(['alive']);
  });

  test('between a stream’s playlists leaves a job that the next one completes', async () => {
    const ladder = [{ name: 'low', height: 90 }];
    const playlist = join(stack.dataDir, 'storage', 'media', 'stream', 'low', 'playlist.m3u8');
    gate.closeWhen(() => existsSync(playlist));
    const content = await buildSampleVideo({ width: 160, height: 90, durationSec: 2 });
    const videoUrl = stack.source.serve('/video.mp4', content);
    const jobId = await submit(stack, stack.videoRequest(videoUrl, { slug: 'stream', ladder }));
    await gate.untilClosed();
    expect(existsSync(join(playlist, '../../master.m3u8'))).toBe(false);
    await replaceWorker();
    const { hlsUrl } = hlsOutput(await stack.finished(jobId));
    expect(await untilDelivered({ jobId })).toMatchObject([{ event: { status: 'complete', hlsUrl } }]);
    const viewer = createViewer();
    await viewer.fetchAll((await viewer.load(hlsUrl)).segments);
    expect(viewer.failures).toEqual([]);
  });

  test('by the same job every time fails that job as lost, and the one behind it completes', async () => {
    await tools.misbehave('ffmpeg', { when: '-crf 40', does: 'kill -9 $PPID; exec sleep 10' });
    const deadly = await submitTape(undefined, { options: { scale: 1, crf: 40 } });
    const deaths: string[] = [];
    const behind = await submitTape();
    const isOver = async () => ((await stack.job(deadly)).finishedAt ? true : undefined);
    while (!(await isOver())) {
      await poll('the worker to die, or the job to end', async () =>
        worker.child.signalCode !== null ? true : await isOver(),
      );
      if (worker.child.signalCode === null) continue;
      deaths.push(worker.child.signalCode);
      worker = await stack.startWorker();
    }
    expect(deaths).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL']);
    expect(await stack.job(deadly)).toMatchObject({ status: 'failed', error: { code: 'WORKER_LOST' } });
    expect(await untilDelivered({ jobId: deadly })).toMatchObject([
      { event: { status: 'error', code: 'WORKER_LOST' } },
    ]);
    expect(await stack.finished(behind)).toMatchObject({ status: 'completed', attempt: 1 });
    // Its event would be taken for the next test's.
    await untilDelivered({ jobId: behind });
    expect(Object.keys(await readFiles(storagePath('.')))).toContain(`${(await stack.job(behind)).slug}.mp4`);
  });
});

describe('an event whose worker is killed', () => {
  const readEvent = async (jobId: string) => {
    const [id, body] = await redis.hmget(`tapedeck:job:${jobId}`, 'eventId', 'callbackBody');
    return { id, body };
  };

  test('after it was settled and before it was queued is sent by the next, once and as it was settled', async () => {
    gate.closeWhen(
      (message) => message.includes('callbacks') && message.includes('evt_') && message.includes('deliver'),
    );
    const jobId = await submitTape();
    await gate.untilClosed();
    expect(await stack.job(jobId)).toMatchObject({ status: 'completed', callback: { status: 'pending', attempts: 0 } });
    const event = await readEvent(jobId);
    expect(await redis.exists(`tapedeck:queue:callbacks:${event.id}.1`)).toBe(0);
    await replaceWorker();
    expect(await untilDelivered({ jobId })).toMatchObject([{ ...event, verified: true }]);
    expect(await readEvent(jobId)).toEqual(event);
  });

  test('while the receiver thinks is sent again, with the same id and the same bytes', async () => {
    stack.receiver.answer = (nth) => ({ status: 200, delayMs: nth === 1 ? 60_000 : 0 });
    const jobId = await submitTape();
    await stack.receiver.waitFor(jobId);
    await replaceWorker();
    const [first, second, ...others] = await untilDelivered({ jobId });
    expect(others).toEqual([]);
    expect(second).toMatchObject({ id: first!.id, body: first!.body, verified: true });
    expect(await stack.job(jobId)).toMatchObject({ attempt: 1, callback: { attempts: 1, lastStatus: 200 } });
  });
});
