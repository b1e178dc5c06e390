import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HlsOutput, JobView, TapeOutput } from '@tapedeck/contracts';
import { runScript } from '../../scripts/run-script.ts';
import { encodePng } from '../../scripts/sample/png.ts';
import { buildSampleTape } from '../../scripts/sample/tape.ts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { encodeZip } from '../../scripts/sample/zip.ts';
import { readShownPictures } from '../support/numbered-frames.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { findFreePort } from '../support/free-port.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { findWrongInstants } from '../support/timing-check.ts';
import { Caller } from './caller.ts';
import { startComposed, startRedis, STORE, type ComposedStack } from './compose-stack.ts';
import * as containers from './containers.ts';
import { APPS, execIn, IMAGES, RUN_NAME, type App, type Image } from './containers.ts';
import { measureMemory, type MemoryPeaks } from './memory.ts';

/**
 * `npm run test:images`: builds the images and converts tapes through their containers, as locked down as
 * docker-compose.yml runs them; then runs that file's services. Needs Linux and root, but neither a registry nor a Docker
 * engine.
 * Leaves nothing but the base image and npm's cache (see containers.ts), which make the next run shorter.
 */
const GIB = 1024 ** 3;
const WORKER_MEMORY = '1g';
const ENCODE_SHARE = 0.7;
const CONFIG_EXIT_CODE = 78;
const READY_TIMEOUT_MS = 60_000;
const JOB_TIMEOUT_MS = 600_000;
const CALLBACK_TIMEOUT_MS = 30_000;
const GRACE_SEC = 120;
const POLL_INTERVAL_MS = 200;

const stopping = new AbortController();

/** One line per check. A failed one is counted and does not stop the rest; `must` is for what the rest stands on. */
class Report {
  passed = 0;
  failed = 0;

  async must<T>(title: string, body: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      const value = await body();
      const note = typeof value === 'string' ? `: ${value}` : '';
      this.passed += 1;
      console.log(`ok    ${title}${note} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
      return value;
    } catch (error) {
      this.failed += 1;
      console.log(`FAIL  ${title}\n      ${String(error).trim().replaceAll('\n', '\n      ')}`);
      throw error;
    }
  }

  async check(title: string, body: () => Promise<unknown>): Promise<void> {
    await this.must(title, body).catch(() => stopping.signal.throwIfAborted());
  }
}

async function poll(what: string, timeoutMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(POLL_INTERVAL_MS, undefined, { signal: stopping.signal });
  }
}

async function buildImage(image: Image): Promise<string> {
  await containers.buildImage(image, stopping.signal);
  const { Size: sizeBytes } = await containers.inspectImage(image);
  return `${Math.round(sizeBytes / 1e6)} MB`;
}

async function checkImage(app: App): Promise<void> {
  const { User: user, Healthcheck: health, Config: config } = await containers.inspectImage(app);
  assert.equal(user, 'node');
  assert.deepEqual(config.Entrypoint, ['tini', '--']);
  assert.equal(config.Cmd.at(-1), `apps/${app}/dist/main.js`);
  assert.equal(health?.Test[0], 'CMD');
  if (app === 'api') assert.ok(config.Env.includes('HOST=0.0.0.0'), config.Env.join(' '));
}

async function checkStoreImage(): Promise<void> {
  const { User: user, Healthcheck: health, Config: config } = await containers.inspectImage('spaces');
  assert.equal(user, 'ceph');
  assert.deepEqual(config.Entrypoint, ['start-gateway']);
  assert.equal(health?.Test[0], 'CMD');
}

/** What one needs to ask for a conversion. */
interface Service {
  url: string;
  token: string;
  caller: Caller;
}

interface Stack extends Service {
  /** Another container instead of the worker's, with so much memory, as podman writes it. */
  replaceWorker(memory: string): Promise<void>;
}

async function startStack(undo: AsyncDisposableStack): Promise<Stack> {
  const token = randomUUID();
  const signingSecret = `whsec_${randomBytes(32).toString('base64')}`;
  const caller = new Caller(signingSecret);
  await caller.open();
  undo.defer(() => caller.close());
  const [redisPort, port] = [await findFreePort(), await findFreePort()];
  await startRedis(undo, ['redis-server', '--port', String(redisPort), '--save', '']);
  const url = `http://127.0.0.1:${port}`;
  // The caller is on loopback, where no caller may be otherwise.
  const common = { REDIS_URL: `redis://127.0.0.1:${redisPort}`, PUBLIC_URL: url, ALLOW_PRIVATE_NETWORK: 'true' };
  undo.defer(containers.removeContainers);
  const apiEnv = { ...common, PORT: String(port), MP4_SERVICE_TOKEN: token, LOG_LEVEL: 'warn' };
  await containers.startContainer('api', { env: apiEnv });
  const workerEnv = { ...common, CALLBACK_SIGNING_SECRET: signingSecret };
  await containers.startContainer('worker', { env: workerEnv, memory: WORKER_MEMORY });
  const replaceWorker = async (memory: string): Promise<void> => {
    await containers.removeContainer('worker');
    await containers.startContainer('worker', { env: workerEnv, memory });
  };
  return { url, token, caller, replaceWorker };
}

async function checkContainer(report: Report, app: App): Promise<void> {
  await report.check(`${app}: its health check passes`, () =>
    poll('the health check', READY_TIMEOUT_MS, () => containers.isHealthy(app)),
  );
  await report.check(`${app}: is not root, has no capability and cannot write to its image`, async () => {
    assert.equal((await execIn(app, ['id', '--user'])).stdout, '1000');
    assert.match((await execIn(app, ['touch', '/app/x'])).stderr, /Read-only file system/);
    const { stdout: status } = await execIn(app, ['cat', '/proc/1/status']);
    assert.match(status, /^Uid:\s+1000\s+1000\s+1000\s+1000$/m);
    assert.match(status, /^CapBnd:\s+0+$/m);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
  });
  await report.check(
    `${app}: ${app === 'worker' ? 'has FFmpeg' : 'has no FFmpeg'}, and what only development needs is not in it`,
    async () => {
      const { stdout: ffmpegPath } = await execIn(app, ['sh', '-c', 'command -v ffmpeg']);
      assert.equal(ffmpegPath, app === 'worker' ? '/usr/bin/ffmpeg' : '');
      const installed = (await execIn(app, ['ls', 'node_modules', 'node_modules/@types'])).stdout.split('\n');
      const unwanted = ['typescript', 'jest', 'eslint', 'node', 'standardwebhooks', 'yazl'];
      assert.deepEqual(
        unwanted.filter((name) => installed.includes(name)),
        [],
      );
    },
  );
  if (app === 'worker') {
    await report.check('worker: operators find the tapedeck command in it', async () => {
      const { exitCode, stdout, stderr } = await execIn(app, ['tapedeck', 'cleanup', '--dry-run', '--json']);
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, /"ok":true/);
    });
  }
  await report.check(`${app}: refuses to start without its variables, and names them`, async () => {
    const variable = app === 'api' ? 'MP4_SERVICE_TOKEN' : 'CALLBACK_SIGNING_SECRET';
    for (const missing of ['REDIS_URL', variable]) {
      const { exitCode, stderr } = await execIn(app, ['node', `apps/${app}/dist/main.js`], [`${missing}=`]);
      assert.equal(exitCode, CONFIG_EXIT_CODE, stderr);
      assert.match(stderr, new RegExp(`\\b${missing}\\b`));
    }
  });
}

/** What every container has; the rest depends on what its engine lets it do, and is reported. */
async function checkProtections({ url }: Service): Promise<string> {
  const { checks } = (await (await fetch(`${url}/health`)).json()) as {
    checks: { protections: { held: string[]; missing: string[] } };
  };
  const { held, missing } = checks.protections;
  const always = ['dies with the worker', 'first to go when memory ends', 'no new privileges'];
  for (const protection of always) assert.ok(held.includes(protection), protection);
  return missing.length === 0 ? 'all protections hold' : `missing here: ${missing.join(', ')}`;
}

/** @returns the completed job. @throws AssertionError if it fails, or needs more than one attempt */
async function convert({ url, token, caller }: Service, name: string, request: object): Promise<JobView> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ bucket: 'images', slug: name, callbackUrl: `${caller.url}/callback`, ...request });
  const accepted = await fetch(`${url}/convert`, { method: 'POST', headers, body });
  const answer = (await accepted.json()) as { jobId: string };
  assert.equal(accepted.status, 202, JSON.stringify(answer));
  let job: JobView | undefined;
  await poll(`job ${answer.jobId}`, JOB_TIMEOUT_MS, async () => {
    job = (await (await fetch(`${url}/api/jobs/${answer.jobId}`, { headers })).json()) as JobView;
    return job.finishedAt !== null;
  });
  assert.equal(job?.status, 'completed', JSON.stringify(job?.error));
  assert.equal(job.attempt, 1, 'its first attempt was lost');
  return job;
}

async function convertTape(
  stack: Stack,
  name: string,
  tape: Buffer,
  metadata: object,
  options: object = {},
): Promise<JobView> {
  const zipUrl = stack.caller.offer(`/someone/${name}.zip`, tape);
  return convert(stack, name, { mongoId: name, zipUrl, metadata, options });
}

/** The callback arrived with a right signature, and the MP4 behind its URL can be sought in. */
async function checkDelivery({ caller }: Service, jobId: string, resolution: [number, number]): Promise<void> {
  await poll(`the callback of ${jobId}`, CALLBACK_TIMEOUT_MS, async () => caller.events.has(jobId));
  const event = caller.events.get(jobId)!;
  assert.equal(event.status, 'complete');
  assert.deepEqual(event.resolution, resolution);
  const answer = await fetch(event.mp4Url, { headers: { range: 'bytes=4-11' } });
  assert.equal(answer.status, 206);
  assert.equal(answer.headers.get('content-type'), 'video/mp4');
  assert.equal(answer.headers.get('content-range'), `bytes 4-11/${event.size}`);
  assert.match(await answer.text(), /^ftyp[a-z0-9]{4}$/);
}

async function convertSmallTape(stack: Stack): Promise<void> {
  const { zip, frameCount, durationMs } = await buildSampleTape();
  const job = await convertTape(stack, 'small', zip, { frameCount, totalDuration: durationMs });
  await checkDelivery(stack, job.jobId, (job.output as TapeOutput).resolution);
}

/** The image's FFmpeg is newer than the one of the machine that the other tests run on: it must keep time as well. */
async function convertEveryLayout(stack: Stack, dir: string): Promise<void> {
  for (const layout of ['L1', 'L2', 'L3', 'L4', 'L5', 'L6'] as const) {
    for (const timing of ['cfr30', 'exact'] as const) {
      const tape = await buildTape({ layout, soundtrack: true });
      const name = `${layout}-${timing}`;
      const { output } = await convertTape(stack, name, tape.zip, {}, { timing, scale: 2 });
      const path = join(dir, `${name}.mp4`);
      await writeFile(path, Buffer.from(await (await fetch((output as TapeOutput).mp4Url)).arrayBuffer()));
      const wrong = findWrongInstants(await readShownPictures(path), tape.intended, tape.totalMs);
      assert.deepEqual(wrong, [], `${name}: wrong frames at these milliseconds`);
    }
  }
}

const LARGE = { frame: [640, 480], frameCount: 120, output: [3840, 2880] } as const;

/** 4 s of distinct frames: a pattern that moves, with enough edges to keep an encoder busy. */
async function buildLargeTape(): Promise<Buffer> {
  const files = new Map<string, Buffer>();
  const timing: object[] = [];
  for (let frame = 0; frame < LARGE.frameCount; frame += 1) {
    const filename = `frame-${String(frame).padStart(5, '0')}.png`;
    const paint = (x: number, y: number) => [(x + 3 * frame) & 255, (y + frame) & 255, (x ^ y) & 255, 255] as const;
    files.set(filename, encodePng(...LARGE.frame, paint));
    timing.push({ frame, filename, timestamp: Math.round((frame * 100) / 3), duration: 33 });
  }
  files.set('timing.json', Buffer.from(JSON.stringify(timing)));
  return encodeZip(files);
}

/** An encode that takes 2.3 GB when nobody plans it. */
async function convertLargeTape(stack: Stack, tape: Buffer): Promise<string> {
  const { frame, frameCount, output } = LARGE;
  const metadata = { frameCount, totalDuration: 4000, scale: 6, originalSize: frame, scaledSize: output };
  const { value: job, peaks } = await measureMemory('worker', () => convertTape(stack, 'large', tape, metadata));
  await checkDelivery(stack, job.jobId, [...output]);
  const plan = job.plan?.encode as EncodePlan;
  assert.equal(plan.reducedForMemory, true);
  const share = plan.budgetBytes / GIB;
  assert.ok(Math.abs(share - ENCODE_SHARE) < 0.001, `it planned with ${share} of the limit`);
  return describeMemory(plan, peaks);
}

interface EncodePlan {
  reducedForMemory: boolean;
  budgetBytes: number;
  estimatedBytes: number;
}

function describeMemory({ estimatedBytes }: EncodePlan, { residentBytes, totalBytes }: MemoryPeaks): string {
  const mib = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
  return `FFmpeg planned with ${mib(estimatedBytes)}; peak ${mib(residentBytes)}, ${mib(totalBytes)} with page cache`;
}

const HD = { width: 1920, height: 1080, durationSec: 6 };
const UHD = { width: 3840, height: 2160, durationSec: 2 };

/** What a small worker must stream without being killed. */
const TIGHT_VIDEOS = [
  { name: 'hd-mobile', memory: '512m', ladder: 'mobile', video: HD },
  { name: 'hd-web', memory: '1g', ladder: 'web', video: HD },
  { name: 'hd-hdr', memory: '512m', ladder: 'mobile', video: { ...HD, isHdr: true } },
  { name: 'uhd-hevc', memory: '1g', ladder: 'mobile-1080', video: { ...UHD, codec: 'hevc' } },
  { name: 'uhd-hdr', memory: '1g', ladder: 'mobile', video: { ...UHD, isHdr: true } },
] as const;

async function convertTightVideo(
  stack: Stack,
  { name, memory, ladder, video }: (typeof TIGHT_VIDEOS)[number],
): Promise<string> {
  await stack.replaceWorker(memory);
  const videoUrl = stack.caller.offer(`/${name}.mp4`, await buildSampleVideo(video));
  const { value: job, peaks } = await measureMemory('worker', () =>
    convert(stack, name, { id: name, videoUrl, ladder }),
  );
  assert.equal(peaks.killed, 0, 'the kernel killed something');
  const { hlsUrl } = job.output as HlsOutput;
  assert.match(await (await fetch(hlsUrl)).text(), /^#EXTM3U\n/);
  return describeMemory(job.plan?.encode as EncodePlan, peaks);
}

const TAPE_KEY = 'someone/composed.mp4';
const VIDEO_KEY = 'composed-video/master.m3u8';

/** The tape lies in the store, where only we may read it. */
async function convertComposedTape(stack: ComposedStack): Promise<void> {
  const { zip, frameCount, durationMs } = await buildSampleTape();
  const zipUrl = await stack.store.putPrivate('tapes', TAPE_KEY.replace('mp4', 'zip'), zip);
  const metadata = { frameCount, totalDuration: durationMs };
  const job = await convert(stack, 'composed', { mongoId: 'composed', bucket: 'tapes', zipUrl, metadata });
  const { mp4Url, resolution } = job.output as TapeOutput;
  assert.equal(mp4Url, stack.publicUrl('tapes', TAPE_KEY));
  await checkDelivery(stack, job.jobId, resolution);
}

async function convertComposedVideo(stack: ComposedStack): Promise<void> {
  const videoUrl = stack.caller.offer('/composed.mp4', await buildSampleVideo({ ...HD, durationSec: 2 }));
  const job = await convert(stack, 'composed-video', { id: 'composed', bucket: 'media', videoUrl });
  assert.equal((job.output as HlsOutput).hlsUrl, stack.publicUrl('media', VIDEO_KEY));
}

/** @returns by URL, what anybody can fetch of what was converted */
async function fetchResults(stack: ComposedStack): Promise<Map<string, string>> {
  const results = new Map<string, string>();
  for (const bucket of ['tapes', 'media']) {
    for (const key of (await stack.store.list(bucket)).filter((name) => !name.endsWith('.zip'))) {
      const url = stack.publicUrl(bucket, key);
      const answer = await fetch(url);
      assert.equal(answer.status, 200, url);
      results.set(
        url,
        createHash('sha256')
          .update(Buffer.from(await answer.arrayBuffer()))
          .digest('hex'),
      );
    }
  }
  for (const url of [stack.publicUrl('tapes', TAPE_KEY), stack.publicUrl('media', VIDEO_KEY)]) {
    assert.ok(results.has(url), `${url} is not among ${[...results.keys()].join(', ')}`);
  }
  return results;
}

async function restartStore(stack: ComposedStack): Promise<string> {
  const before = await fetchResults(stack);
  assert.equal(await stack.restartStore(), 0);
  assert.deepEqual(await fetchResults(stack), before);
  return `${before.size} objects`;
}

async function testCompose(report: Report, undo: AsyncDisposableStack, containerIds: string[]): Promise<void> {
  const stack = await report.must('compose: the store, Redis, the API and two workers are healthy', () =>
    startComposed(undo, stopping.signal).catch(async (error: unknown) => {
      console.log(`--- ${STORE}\n${await containers.readLogs(STORE)}`);
      throw error;
    }),
  );
  const names = [...stack.apps, STORE];
  containerIds.push(...(await Promise.all(names.map((name) => containers.inspectContainer(name, '{{.Id}}')))));
  const failedBefore = report.failed;
  await report.check('compose: the API knows of two workers and of the store', async () => {
    const readHealth = async () =>
      (await (await fetch(`${stack.url}/health`)).json()) as { checks: { workers: { alive: number } } };
    // A container is healthy when its worker lives; the API hears of that a little later.
    await poll(
      'two workers to be known',
      READY_TIMEOUT_MS,
      async () => (await readHealth()).checks.workers.alive === 2,
    );
    assert.partialDeepStrictEqual(await readHealth(), {
      status: 'ok',
      checks: { storage: { ok: true, driver: 'spaces' } },
    });
  });
  await report.check('compose: a tape in the store becomes an MP4 beside it', () => convertComposedTape(stack));
  await report.check('compose: a video becomes a stream in the store', () => convertComposedVideo(stack));
  await report.check('compose: all of it is public, and still there after the store was restarted', () =>
    restartStore(stack),
  );
  if (report.failed > failedBefore)
    for (const name of names) console.log(`--- ${name}\n${await containers.readLogs(name)}`);
  await report.check('compose: everything ends with 0 on SIGTERM', async () => {
    const exitCodes = await Promise.all(names.map((name) => containers.stopContainer(name, GRACE_SEC)));
    assert.deepEqual(
      exitCodes,
      names.map(() => 0),
    );
  });
}

async function checkNothingIsLeft(containerIds: readonly string[]): Promise<void> {
  assert.deepEqual(await containers.findLeftovers(), []);
  let processes: string[] = [];
  await poll('processes to end', 10_000, async () => {
    processes = await containers.findProcesses([RUN_NAME, ...containerIds]);
    return processes.length === 0;
  }).catch(() => assert.deepEqual(processes, []));
}

async function testImages(report: Report, undo: AsyncDisposableStack, containerIds: string[]): Promise<void> {
  await report.must('the base image is there', async () => {
    await containers.claimStore();
    return containers.prepareBaseImage(stopping.signal);
  });
  undo.defer(containers.removeImages);
  for (const image of IMAGES) await report.must(`${image}: the image builds`, () => buildImage(image));
  for (const app of APPS) await report.check(`${app}: plain user, tini and a health check`, () => checkImage(app));
  await report.check('spaces: plain user and a health check', checkStoreImage);
  const stack = await report.must('Redis and both containers start', () => startStack(undo));
  containerIds.push(...(await Promise.all(APPS.map((app) => containers.inspectContainer(app, '{{.Id}}')))));
  for (const app of APPS) await checkContainer(report, app);
  await report.check('worker: FFmpeg is kept in its place as far as the container allows', () =>
    checkProtections(stack),
  );
  await report.check('a small tape is converted, delivered and served', () => convertSmallTape(stack));
  const videos = await createTempDir('images');
  undo.defer(videos.remove);
  await report.check('every layout keeps time, cfr30 and exact', () => convertEveryLayout(stack, videos.dir));
  const largeTape = await buildLargeTape();
  await report.check('3840x2880 in 1 GiB', () => convertLargeTape(stack, largeTape));
  for (const video of TIGHT_VIDEOS) {
    await report.check(`${video.name} in ${video.memory}`, () => convertTightVideo(stack, video));
  }
  if (report.failed > 0) for (const app of APPS) console.log(`--- ${app}\n${await containers.readLogs(app)}`);
  for (const app of [...APPS].reverse()) {
    await report.check(`${app}: ends with 0 on SIGTERM`, async () =>
      assert.equal(await containers.stopContainer(app, GRACE_SEC), 0),
    );
  }
  await testCompose(report, undo, containerIds);
}

await runScript(async ({ stopped }) => {
  const report = new Report();
  const undo = new AsyncDisposableStack();
  const containerIds: string[] = [];
  void stopped.then(() => stopping.abort(new Error('interrupted')));
  try {
    await testImages(report, undo, containerIds);
  } catch {
    // Counted and printed where it was thrown.
  } finally {
    await undo.disposeAsync();
  }
  await report
    .must('no container, process, volume, image or directory is left', () => checkNothingIsLeft(containerIds))
    .catch(() => undefined);
  console.log(`${report.passed} passed, ${report.failed} failed`);
  process.exitCode = report.failed > 0 ? 1 : 0;
});
