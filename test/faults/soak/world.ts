import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildSampleTape } from '../../../scripts/sample/tape.ts';
import { buildSampleVideo } from '../../../scripts/sample/video.ts';
import { findFreePort } from '../../support/free-port.ts';
import { poll } from '../../support/poll.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { DURABLE, startTestRedis, type TestRedis } from '../../support/redis-server.ts';
import { startRgw } from '../../support/rgw.ts';
import { startS3Proxy, type S3Proxy } from '../../support/s3-proxy.ts';
import { mountSmallDisk, type SmallDisk } from '../../support/small-disk.ts';
import { sendFile, startSourceServer, type SourceServer } from '../../support/source-server.ts';
import { openSpaces, type TestSpaces } from '../../support/spaces.ts';
import type { History } from './history.ts';
import { startService, type Service } from './service.ts';

export const TOKEN = 'soak-token-0123456789';
export const BUCKET = 'results';

/** Everything that a job meets on its way, each of it real, and each of it with a way to fail. */
export interface World {
  apiUrls: readonly string[];
  apis: readonly Service[];
  workers: readonly Service[];
  redis: TestRedis;
  /** What Redis has on its disk, and has had before. */
  snapshots: { take(): Promise<void>; bringBack(): Promise<void> };
  proxy: S3Proxy;
  spaces: TestSpaces;
  receiver: Receiver;
  source: Source;
  disk: SmallDisk;
  /** When Redis last lost something; 0: never. */
  lostDataAtMs: number;
  stop(): Promise<{ exitCodes: (number | null)[] }>;
}

export interface Source {
  server: SourceServer;
  tapeUrl: string;
  videoUrl: string;
  brokenUrl: string;
  mood: 'well' | 'busy' | 'truncating';
}

const DISK_BYTES = 256 * 1024 ** 2;

export async function openWorld(dir: string, history: History): Promise<World> {
  await mkdir(dir, { recursive: true });
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const [redis, rgw, receiver, source, disk] = await Promise.all([
    startTestRedis(DURABLE),
    startRgw(),
    startReceiver(secret),
    openSource(),
    mountSmallDisk(DISK_BYTES),
  ]);
  const proxy = await startS3Proxy(rgw.endpoint);
  const spaces = openSpaces(rgw, proxy.endpoint);
  await spaces.createBucket(BUCKET);
  const ports = [await findFreePort(), await findFreePort()];
  const apiUrls = ports.map((port) => `http://127.0.0.1:${port}`);
  const env = { ...spaces.env, ...buildEnv(redis, secret), WORK_DIR: disk.dir, PUBLIC_URL: apiUrls[0]! };
  const start = (app: 'api' | 'worker', name: string, changes: Record<string, string>): Service =>
    startService(app, name, { ...env, ...changes }, { logPath: join(dir, `${name}.log`), history });
  const apis = ports.map((port, index) => start('api', `api-${index}`, { PORT: String(port) }));
  const workers = [0, 1, 2].map((index) => start('worker', `worker-${index}`, {}));
  const world: World = {
    ...{ apiUrls, apis, workers, redis, proxy, spaces, receiver, source, disk, lostDataAtMs: 0 },
    snapshots: openSnapshots(redis),
    async stop() {
      const exitCodes = await Promise.all([...workers, ...apis].map((service) => service.stop()));
      await Promise.all([source.server.stop(), receiver.stop(), proxy.stop(), redis.stop()]);
      spaces.close();
      await Promise.all([rgw.stop(), disk.remove()]);
      return { exitCodes };
    },
  };
  await poll('the fleet', () => isReady(world), 60_000);
  return world;
}

/** Both APIs take requests, and all workers have shown a sign of life. */
export async function isReady({ apiUrls, workers }: World): Promise<true | undefined> {
  for (const url of apiUrls) {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    if (!answer?.ok) return undefined;
    const { checks } = (await answer.json()) as { checks: { workers: { alive: number } } };
    if (checks.workers.alive < workers.length) return undefined;
  }
  return true;
}

function buildEnv(redis: TestRedis, secret: string): Record<string, string> {
  return {
    PATH: process.env.PATH!,
    REDIS_URL: redis.url,
    API_KEYS: `soak:${createHash('sha256').update(TOKEN).digest('hex')}`,
    CALLBACK_SIGNING_SECRET: secret,
    // Its receivers never stay away for as long as this takes.
    CALLBACK_SCHEDULE_MS: ['0,300,1000', ...Array<string>(40).fill('2000')].join(),
    ...{ ALLOW_PRIVATE_NETWORK: 'true', ALLOWED_BUCKETS: BUCKET, RATE_LIMIT_MAX: '1000000' },
    ...{ JOB_LOCK_MS: '2000', JOB_STALL_CHECK_MS: '1000', JOB_BACKOFF_MS: '300', JOB_STUCK_AFTER_MS: '20000' },
    ...{ SHUTDOWN_GRACE_MS: '1000', CALLBACK_TIMEOUT_MS: '2000' },
  };
}

function openSnapshots(redis: TestRedis): World['snapshots'] {
  const dir = dirname(redis.url.replace(/^unix:/, ''));
  const [data, copy] = [join(dir, 'appendonlydir'), join(dir, 'earlier')];
  return {
    async take() {
      await rm(copy, { recursive: true, force: true });
      await cp(data, copy, { recursive: true });
    },
    async bringBack() {
      await redis.kill();
      await rm(data, { recursive: true, force: true });
      await cp(copy, data, { recursive: true });
      await redis.start();
    },
  };
}

async function openSource(): Promise<Source> {
  const server = await startSourceServer();
  const { zip } = await buildSampleTape(6);
  const video = await buildSampleVideo({ width: 160, height: 90, durationSec: 1 });
  const serve = (path: string, content: Buffer): string =>
    server.serve(path, (request, response) => {
      if (source.mood === 'busy') return void response.writeHead(503).end();
      if (source.mood === 'well') return sendFile(request, response, content);
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, content.length / 2), () => response.destroy());
    });
  const source: Source = {
    ...{ server, mood: 'well' },
    tapeUrl: serve('/a.zip', zip),
    videoUrl: serve('/a.mov', video),
    brokenUrl: serve('/broken.zip', Buffer.from('PK, but no archive')),
  };
  return source;
}
