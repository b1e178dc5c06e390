import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isTapeOutput, type HlsOutput, type JobView, type TapeOutput } from '@tapedeck/contracts';
import { poll } from './poll.ts';
import { findFreePort } from './free-port.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import { endProcess, startTestRedis, type TestRedis } from './redis-server.ts';
import { COMPILE_CACHE, runSource } from './source-process.ts';
import { startSourceServer, type SourceServer } from './source-server.ts';
import { createTempDir, type TempDir } from './temp-dir.ts';

export const TOKEN = 'test-token-0123456789';
const SECRET = `whsec_${randomBytes(32).toString('base64')}`;

/** The real thing: redis-server, the API's process, a worker's process, a source and a receiver. */
export interface Stack {
  url: string;
  redis: TestRedis;
  source: SourceServer;
  receiver: Receiver;
  dataDir: string;
  workDir: string;
  env: Record<string, string>;
  api: RunningProcess;
  worker: RunningProcess | undefined;
  startWorker(): Promise<RunningProcess>;
  post(
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: PostAnswer }>;
  /** A tape's request with everything that the tests do not care about. */
  tapeRequest(zipUrl: string, changes?: Record<string, unknown>): Record<string, unknown>;
  videoRequest(videoUrl: string, changes?: Record<string, unknown>): Record<string, unknown>;
  job(jobId: string): Promise<JobView>;
  finished(jobId: string, timeoutMs?: number): Promise<JobView>;
  /** Stops everything and fails when a process or a scratch file is left. */
  stop(): Promise<void>;
}

export interface PostAnswer extends Record<string, unknown> {
  jobId: string;
  status: string | number;
  code?: string;
  errors?: { path: string; message: string }[];
}

/** The output of a tape that must have been converted. */
export function tapeOutput({ output, error }: JobView): TapeOutput {
  if (output && isTapeOutput(output)) return output;
  throw new Error(`expected an MP4, got ${error?.message}`);
}

/** The output of a video that must have been converted. */
export function hlsOutput({ output, error }: JobView): HlsOutput {
  if (output && !isTapeOutput(output)) return output;
  throw new Error(`expected a stream, got ${error?.message}`);
}

export interface RunningProcess {
  child: ChildProcess;
  /** Everything that it wrote to stdout and stderr. */
  log(): string;
}

export interface StackOptions {
  env?: Record<string, string>;
  worker?: boolean;
  /** What redis-server is started with. */
  redis?: Record<string, string>;
  /** A command that becomes the one behind it, with something of its own: `unshare`, for example. */
  wrap?: readonly string[];
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { env: changes = {}, worker: withWorker = true, redis: settings = {}, wrap } = options;
  const [redis, source, receiver, data, work, port] = await Promise.all([
    startTestRedis(settings),
    startSourceServer(),
    startReceiver(SECRET),
    createTempDir('data'),
    createTempDir('work'),
    findFreePort(),
  ]);
  const env = buildEnv(redis, data, work, port, changes);
  const url = `http://127.0.0.1:${env.PORT}`;
  const running: RunningProcess[] = [];
  const start = (app: 'api' | 'worker'): RunningProcess => {
    const started = startApp(app, env, wrap);
    running.push(started);
    return started;
  };
  const api = start('api');
  await poll('the API', () =>
    fetch(`${url}/health/ready`).then(
      (answer) => (answer.ok ? true : undefined),
      () => undefined,
    ),
  );
  const startWorker = async (): Promise<RunningProcess> => {
    const started = start('worker');
    await poll(`the worker, which said: ${started.log()}`, () =>
      started.log().includes('worker is ready') ? true : undefined,
    );
    return started;
  };
  const worker = withWorker ? await startWorker() : undefined;
  let references = 0;
  const job = async (jobId: string): Promise<JobView> => {
    const answer = await fetch(`${url}/api/jobs/${jobId}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return (await answer.json()) as JobView;
  };
  return {
    ...{
      url,
      redis,
      source,
      receiver,
      dataDir: env.DATA_DIR,
      workDir: env.WORK_DIR,
      env,
      api,
      worker,
      startWorker,
      job,
    },
    async post(body, headers = {}) {
      const answer = await fetch(`${url}/convert`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return { status: answer.status, headers: answer.headers, body: (await answer.json()) as PostAnswer };
    },
    tapeRequest(zipUrl, requestChanges = {}) {
      references += 1;
      const reference = `reference-${references}`;
      return {
        mongoId: reference,
        bucket: 'tapes',
        slug: reference,
        zipUrl,
        callbackUrl: receiver.url,
        ...requestChanges,
      };
    },
    videoRequest(videoUrl, requestChanges = {}) {
      references += 1;
      const reference = `video-${references}`;
      return {
        id: reference,
        bucket: 'media',
        slug: reference,
        videoUrl,
        callbackUrl: receiver.url,
        ...requestChanges,
      };
    },
    async finished(jobId, timeoutMs = 60_000) {
      if (!jobId) throw new Error(`no job to wait for: the request was not accepted\n${api.log().slice(-2_000)}`);
      return poll(
        `job ${jobId} to end`,
        async () => {
          const view = await job(jobId);
          return view.finishedAt ? view : undefined;
        },
        timeoutMs,
      );
    },
    async stop() {
      for (const { child } of running.toReversed()) await endProcess(child, 'SIGTERM');
      const leftovers = await findLeftovers(env.WORK_DIR);
      await Promise.all([source.stop(), receiver.stop(), redis.stop()]);
      await Promise.all([data.remove(), work.remove()]);
      if (leftovers.length > 0) throw new Error(`left behind: ${leftovers.join(', ')}`);
    },
  };
}

function buildEnv(redis: TestRedis, data: TempDir, work: TempDir, port: number, changes: Record<string, string>) {
  return {
    PATH: process.env.PATH!,
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DATA_DIR: data.dir,
    WORK_DIR: work.dir,
    REDIS_URL: redis.url,
    API_KEYS: `tests:${createHash('sha256').update(TOKEN).digest('hex')}`,
    CALLBACK_SIGNING_SECRET: SECRET,
    ALLOW_PRIVATE_NETWORK: 'true',
    RATE_LIMIT_MAX: '100000',
    JOB_BACKOFF_MS: '200',
    SHUTDOWN_GRACE_MS: '2000',
    ...changes,
  };
}

/** Only starts it; `startStack` waits until it is ready, and stops it. */
export function startApp(
  app: 'api' | 'worker',
  env: Record<string, string>,
  wrap: readonly string[] = [],
): RunningProcess {
  const [program, ...args] = [...wrap, process.execPath, ...runSource(`apps/${app}/src/main.ts`)];
  const child = spawn(program!, args, { env: { ...COMPILE_CACHE, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk;
    });
  }
  return { child, log: () => log };
}

/** Scratch directories, and processes that still stand in one. */
async function findLeftovers(workDir: string): Promise<string[]> {
  return [...(await readdir(workDir)), ...(await findProcessesIn(workDir))];
}

export async function findProcessesIn(dir: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: string[] = [];
  for (const pid of pids) {
    const cwd = await readlink(join('/proc', pid, 'cwd')).catch(() => '');
    if (cwd.startsWith(dir)) found.push(`process ${pid}`);
  }
  return found;
}
