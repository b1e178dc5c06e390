import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApiKey, digestToken, hashPassword, RESTART_EXIT_CODE } from '@tapedeck/runtime';
import { buildDashboard, VITE } from './build-dashboard.ts';

/**
 * The whole of Tapedeck on one machine: API, one worker and, where the environment names none, a Redis of its own.
 * Each is a process of its own, as in production; this one starts them, starts them again when they die, and takes them
 * with it when it ends, however it ends.
 */
export interface LocalStack {
  url: string;
  /** A token that /convert takes; undefined when the environment brought its own. */
  token: string | undefined;
  /** True when the token was made just now: the only time to print it. */
  tokenIsNew: boolean;
  /** Lets an admin into /admin; undefined when the environment says who is let in. */
  adminPassword: string | undefined;
  signingSecret: string;
  dataDir: string;
  /** Resolves when the stack can no longer work: a part of it kept dying. */
  broken: Promise<Error>;
  stop(): Promise<void>;
}

type Env = Readonly<Record<string, string | undefined>>;

const NODE = process.execPath;
const SOURCE = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
const READY_TIMEOUT_MS = 60_000;
/** Each look is a line in a service's log. */
const POLL_INTERVAL_MS = 250;
/** Whoever presses Ctrl-C at a terminal means now: a running job is handed back and goes on at the next start. */
const GRACE_MS = '3000';
/** Beyond the grace: what a process may need to abort its work and clean up. */
const KILL_AFTER_GRACE_MS = 20_000;

/** @param options.stopping ends a start that does not get anywhere */
export async function startLocalStack(
  env: Env,
  options: { stopping: AbortSignal; watch?: boolean },
): Promise<LocalStack> {
  await assertPortFree(env);
  if (!options.watch) await buildDashboard(options.stopping);
  const dataDir = resolve(env.DATA_DIR || './data');
  await mkdir(dataDir, { recursive: true });
  const secrets = await loadSecrets(dataDir);
  const bringsToken = Boolean(env.API_KEYS || env.MP4_SERVICE_TOKEN);
  const redis = env.REDIS_URL ? undefined : await startRedis(dataDir);
  const access = resolveAccess(env, secrets);
  const childEnv = {
    ...buildChildEnv(env, secrets, env.REDIS_URL || redis!.url, bringsToken),
    ...(access && { ADMIN_PASSWORD_HASH: await hashPassword(access.adminPassword) }),
  };
  const graceMs = Number(childEnv.SHUTDOWN_GRACE_MS) || 0;
  const watch = options.watch ? ['--watch', '--watch-preserve-output'] : [];
  const apps = ['api', 'worker'].map((app) =>
    supervise(app, [NODE, ...SOURCE, ...watch, `apps/${app}/src/main.ts`], childEnv, graceMs),
  );
  if (options.watch) apps.push(supervise('dashboard', [NODE, VITE, 'build', '--watch', 'apps/dashboard'], env));
  const stop = async (): Promise<void> => {
    await Promise.all(apps.map((app) => app.stop()));
    await redis?.process.stop();
  };
  const broken = Promise.race([...apps, ...(redis ? [redis.process] : [])].map((child) => child.broken));
  const url = addressOf(env);
  try {
    await Promise.race([waitUntilReady(url, options.stopping), broken.then((error) => Promise.reject(error))]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    token: bringsToken ? undefined : secrets.token,
    tokenIsNew: !bringsToken && secrets.isNew,
    adminPassword: access?.adminPassword,
    signingSecret: childEnv.CALLBACK_SIGNING_SECRET.split(/\s+/)[0]!,
    dataDir,
    broken,
    stop,
  };
}

function buildChildEnv(env: Env, secrets: Secrets, redisUrl: string, bringsToken: boolean) {
  const tokenHash = digestToken(secrets.token).toString('hex');
  return {
    ...env,
    REDIS_URL: redisUrl,
    SHUTDOWN_GRACE_MS: env.SHUTDOWN_GRACE_MS || GRACE_MS,
    CALLBACK_SIGNING_SECRET: env.CALLBACK_SIGNING_SECRET || secrets.signingSecret,
    API_KEYS: bringsToken ? env.API_KEYS : `local:${tokenHash}`,
  };
}

/** Where the API can be reached from this machine. */
function addressOf({ HOST, PORT }: Env): string {
  const isAny = !HOST || HOST === '0.0.0.0' || HOST === '::';
  const host = isAny ? '127.0.0.1' : HOST.includes(':') ? `[${HOST}]` : HOST;
  return `http://${host}:${PORT || '3000'}`;
}

/** Or we would wait for somebody else's API to be ready, and find that it is. */
async function assertPortFree({ HOST, PORT }: Env): Promise<void> {
  const port = Number(PORT || '3000');
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once('error', (cause) =>
      fail(new Error(`PORT: expected a free port, got ${port}, which is in use`, { cause })),
    );
    server.listen(port, HOST || '127.0.0.1', done);
  });
  await new Promise((done) => server.close(done));
}

/** Where the environment lets nobody into /admin, a password of our own does. */
function resolveAccess(env: Env, { adminPassword }: Secrets): { adminPassword: string } | undefined {
  const isNamed = env.ADMIN_PASSWORD_HASH || env.VIEWER_PASSWORD_HASH || env.OIDC_ISSUER;
  return isNamed ? undefined : { adminPassword };
}

interface Secrets {
  token: string;
  signingSecret: string;
  adminPassword: string;
  isNew: boolean;
}

/** Made once, kept with the data, readable by us alone. */
async function loadSecrets(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, 'secrets.json');
  const known = existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as Partial<Secrets>) : {};
  const secrets = {
    token: known.token ?? createApiKey('local').key,
    signingSecret: known.signingSecret ?? `whsec_${randomBytes(32).toString('base64')}`,
    adminPassword: known.adminPassword ?? randomBytes(12).toString('base64url'),
  };
  await writeFile(path, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return { ...secrets, isNew: known.token === undefined };
}

interface Supervised {
  stop(): Promise<void>;
  broken: Promise<Error>;
}

const MAX_DEATHS = 5;
const DEATHS_WINDOW_MS = 60_000;
const CONFIG_EXIT_CODE = 78;

/** Keeps one process running. A wrong configuration, or five deaths within a minute, end the attempt. */
function supervise(name: string, command: readonly string[], env: Env, graceMs = 0): Supervised {
  let child = spawnTied(command, env);
  let stopping = false;
  const deaths: number[] = [];
  const broken = new Promise<Error>((report) => {
    const watch = (): void => {
      child.once('exit', (code, signal) => {
        if (stopping) return;
        const now = Date.now();
        if (code !== RESTART_EXIT_CODE) deaths.push(now);
        const recent = deaths.filter((time) => now - time < DEATHS_WINDOW_MS).length;
        if (code === CONFIG_EXIT_CODE || recent >= MAX_DEATHS)
          return report(new Error(`${name} ended with ${signal ?? code}`));
        process.stderr.write(`${name} ended with ${signal ?? code}; it is started again\n`);
        setTimeout(() => {
          if (stopping) return;
          child = spawnTied(command, env);
          watch();
        }, 1_000);
      });
    };
    watch();
  });
  return {
    broken,
    async stop() {
      stopping = true;
      await terminate(child, graceMs + KILL_AFTER_GRACE_MS);
    },
  };
}

const tie =
  process.platform === 'linux' && existsSync('/usr/bin/setpriv') ? ['setpriv', '--pdeathsig', 'TERM', '--'] : [];

/** A child in a process group of its own (our Ctrl-C is ours to pass on), which the kernel ends when we are killed. */
function spawnTied(command: readonly string[], env: Env): ChildProcess {
  const [file, ...args] = [...tie, ...command];
  return spawn(file!, args, { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
}

async function terminate(child: ChildProcess, killAfterMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  await exited;
  clearTimeout(killer);
}

/** The kernel's limit for the path of a Unix socket. */
const MAX_SOCKET_PATH = 107;

/** An append-only Redis below the data directory, on a Unix socket that only this user can open, on no TCP port. */
async function startRedis(dataDir: string): Promise<{ url: string; process: Supervised }> {
  const dir = join(dataDir, 'redis');
  const socket = join(dir, 'redis.sock');
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
    throw new Error(
      `DATA_DIR: expected a path of at most ${MAX_SOCKET_PATH - 17} bytes (it holds a socket), got ${dataDir}`,
    );
  }
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o700);
  if (await answers(socket)) throw new Error(`DATA_DIR: ${dataDir} is in use by another running Tapedeck`);
  await rm(socket, { force: true });
  const settings = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    loglevel: 'warning',
    logfile: join(dir, 'redis.log'),
  };
  const args = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]);
  const redis = supervise('redis-server', ['redis-server', ...args], process.env);
  await Promise.race([
    poll(() => answers(socket), READY_TIMEOUT_MS, 'redis-server to answer'),
    redis.broken.then((error) => Promise.reject(error)),
  ]);
  return { url: `unix:${socket}`, process: redis };
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(socketPath, () => socket.write('PING\r\n'));
    socket.setTimeout(1_000, () => finish(false));
    socket.once('data', (data) => finish(data.toString().startsWith('+PONG')));
    socket.once('error', () => finish(false));
    const finish = (isUp: boolean): void => {
      socket.destroy();
      done(isUp);
    };
  });
}

/** Ready to take a job and to do it: the API answers, and it sees a worker. */
async function waitUntilReady(url: string, stopping: AbortSignal): Promise<void> {
  const stopped = (): void => {
    if (stopping.aborted) throw new Error('stopped before it was ready');
  };
  const hasWorker = async (): Promise<boolean> => {
    stopped();
    const ready = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (!ready?.ok) return false;
    const health = (await (await fetch(`${url}/health`)).json()) as { checks?: { workers?: { alive: number } } };
    return (health.checks?.workers?.alive ?? 0) > 0;
  };
  await poll(hasWorker, READY_TIMEOUT_MS, `${url} to be ready`);
}

async function poll(holds: () => Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(POLL_INTERVAL_MS);
  }
}
