import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../support/free-port.ts';
import { poll } from '../support/poll.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';
import type { TestRgw } from '../support/rgw.ts';
import { Caller } from './caller.ts';
import { environmentOf, loadCompose } from './compose.ts';
import * as containers from './containers.ts';
import { RUN_NAME } from './containers.ts';

/** The services of docker-compose.yml, in containers of our images. */
export interface ComposedStack {
  url: string;
  token: string;
  caller: Caller;
  store: TestSpaces;
  /** Where results are fetched, as SPACES_PUBLIC_BASE_URL says. */
  publicUrl(bucket: string, key: string): string;
  /** The store's container ends and starts again. @returns its exit code */
  restartStore(): Promise<number>;
  /** The API's and the workers', by name. */
  apps: readonly string[];
}

export const STORE = 'composed-spaces';
const HEALTHY_TIMEOUT_MS = 120_000;
const STORE_GRACE_SEC = 30;

/** Podman 4's filter of system calls is older than what Ceph's libaio calls, io_pgetevents; Docker's knows it. */
const STORE_OPTIONS = ['--security-opt=seccomp=unconfined'];

export async function startComposed(undo: AsyncDisposableStack, signal: AbortSignal): Promise<ComposedStack> {
  const token = randomUUID();
  const signingSecret = `whsec_${randomBytes(32).toString('base64')}`;
  // Sources and receiver are on loopback.
  const variables = { MP4_SERVICE_TOKEN: token, CALLBACK_SIGNING_SECRET: signingSecret, ALLOW_PRIVATE_NETWORK: 'true' };
  const services = loadCompose(variables);
  const { redis, spaces, api, worker } = services;
  const [redisPort, storePort, monitorPort, apiPort] = await Promise.all(Array.from({ length: 4 }, findFreePort));
  /** On the host's network all services are on loopback, and ports must be free ones. */
  const relocate = (text: string): string =>
    text
      .replaceAll('redis:6379', `127.0.0.1:${redisPort}`)
      .replaceAll(/(spaces:8000|localhost:9000)/g, `127.0.0.1:${storePort}`)
      .replaceAll(/(localhost|127\.0\.0\.1):3000/g, `127.0.0.1:${apiPort}`);
  const relocated = (service: typeof api): Record<string, string> =>
    Object.fromEntries(Object.entries(environmentOf(service!)).map(([name, value]) => [name, relocate(value)]));

  const caller = new Caller(signingSecret);
  await caller.open();
  undo.defer(() => caller.close());
  await startRedis(undo, [...redis!.command!, '--port', String(redisPort)]);

  undo.defer(containers.removeContainers);
  const ports = { GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: String(storePort), MONITOR_PORT: String(monitorPort) };
  await containers.startContainer('spaces', {
    ...{ name: STORE, volume: `${RUN_NAME}-spaces`, options: STORE_OPTIONS },
    env: { ...relocated(spaces), ...ports },
  });
  const isHealthy = (name: string, ask: () => Promise<boolean>) =>
    poll(`${name} to be healthy`, () => assertGoesOn(signal, ask), HEALTHY_TIMEOUT_MS);
  const isStoreHealthy = () => isHealthy(STORE, () => containers.isHealthy(STORE));
  await isStoreHealthy();

  const workers = Array.from({ length: worker!.deploy!.replicas }, (_, index) => `composed-worker-${index + 1}`);
  const apps = ['composed-api', ...workers];
  const apiEnv = { ...relocated(api), PORT: String(apiPort) };
  await containers.startContainer('api', { name: apps[0]!, volume: `${RUN_NAME}-api`, env: apiEnv });
  for (const name of workers) {
    const memory = worker!.mem_limit!;
    await containers.startContainer('worker', { name, memory, volume: `${RUN_NAME}-${name}`, env: relocated(worker) });
  }
  for (const name of apps) {
    const [kind, ...command] = (name === apps[0] ? api! : worker!).healthcheck!.test.map(relocate);
    if (kind !== 'CMD') throw new Error(`${name}: expected a health check of kind CMD, got ${kind}`);
    await isHealthy(name, async () => (await containers.execIn(name, command)).exitCode === 0);
  }
  const { DO_SPACES_KEY: accessKeyId, DO_SPACES_SECRET: secretAccessKey, ...env } = relocated(api);
  const store = openSpaces({ endpoint: env.SPACES_ENDPOINT, accessKeyId, secretAccessKey } as TestRgw);
  undo.defer(async () => store.close());
  return {
    ...{ url: env.PUBLIC_URL!, token, caller, store, apps },
    publicUrl: (bucket, key) => env.SPACES_PUBLIC_BASE_URL!.replace('{bucket}', bucket).replace('{key}', key),
    async restartStore() {
      const exitCode = await containers.stopContainer(STORE, STORE_GRACE_SEC);
      await containers.restartContainer(STORE);
      await isStoreHealthy();
      return exitCode;
    },
  };
}

async function assertGoesOn(signal: AbortSignal, ask: () => Promise<boolean>): Promise<true | undefined> {
  signal.throwIfAborted();
  return (await ask()) ? true : undefined;
}

/** A Redis of this test alone, on loopback, which the kernel ends if the test is killed. */
export async function startRedis(undo: AsyncDisposableStack, command: readonly string[]): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), `${RUN_NAME}-redis-`));
  undo.defer(() => rm(dir, { recursive: true, force: true }));
  const args = ['--pdeathsig', 'TERM', '--', ...command, '--bind', '127.0.0.1', '--dir', dir];
  const redis = spawn('setpriv', args, { stdio: 'ignore', detached: true });
  const exited = once(redis, 'exit');
  undo.defer(async () => {
    redis.kill('SIGTERM');
    await exited;
  });
}
