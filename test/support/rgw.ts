import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFreePort } from './free-port.ts';
import { poll } from './poll.ts';
import { endProcess } from './redis-server.ts';
import { createTempDir } from './temp-dir.ts';

const run = promisify(execFile);

/** Ceph's RADOS Gateway, which is what Spaces runs, on loopback, with everything in memory. */
export interface TestRgw {
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Makes another user. @returns its keys */
  addUser(name: string): Promise<{ accessKeyId: string; secretAccessKey: string }>;
  stop(): Promise<void>;
}

const START_GATEWAY = join('deploy', 'spaces', 'start-gateway');
const START_TIMEOUT_MS = 60_000;
const STORE_BYTES = 8 * 1024 ** 3;

/** The one of docker-compose.yml, without the container: about ten seconds. */
export async function startRgw(): Promise<TestRgw> {
  const temp = await createTempDir('rgw');
  const keys = createKeys();
  const [port, monitorPort] = [await findFreePort(), await findFreePort()];
  const env = {
    PATH: process.env.PATH,
    ...{ GATEWAY_DIR: temp.dir, GATEWAY_PORT: String(port), MONITOR_PORT: String(monitorPort) },
    ...{ OBJECT_STORE: 'memstore', STORE_BYTES: String(STORE_BYTES) },
    ...{ DO_SPACES_KEY: keys.accessKeyId, DO_SPACES_SECRET: keys.secretAccessKey },
  };
  const gateway = spawn(START_GATEWAY, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [gateway.stdout, gateway.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk;
    });
  }
  const stop = async (): Promise<void> => {
    await endProcess(gateway, 'SIGTERM');
    await temp.remove();
  };
  try {
    const isReady = () => {
      if (gateway.exitCode !== null) throw new Error(`the RADOS Gateway ended with ${gateway.exitCode}\n${log}`);
      return /^ready/m.test(log) ? true : undefined;
    };
    await poll('the RADOS Gateway', isReady, START_TIMEOUT_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  const addUser = async (name: string) => {
    const { accessKeyId, secretAccessKey } = createKeys();
    const asUser = [`--uid=${name}`, `--display-name=${name}`];
    const withKeys = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
    await run('radosgw-admin', ['user', 'create', ...asUser, ...withKeys], {
      env: { ...process.env, CEPH_CONF: join(temp.dir, 'ceph.conf') },
      timeout: START_TIMEOUT_MS,
    });
    return { accessKeyId, secretAccessKey };
  };
  return { endpoint: `http://127.0.0.1:${port}`, ...keys, addUser, stop };
}

function createKeys(): { accessKeyId: string; secretAccessKey: string } {
  return { accessKeyId: `KEY${randomBytes(6).toString('hex')}`, secretAccessKey: randomBytes(12).toString('hex') };
}
