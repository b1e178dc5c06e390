import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
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

const START_TIMEOUT_MS = 60_000;
const MEMORY_BYTES = 8 * 1024 ** 3;

/** A monitor, one object store in memory and the gateway: about ten seconds. */
export async function startRgw(): Promise<TestRgw> {
  const temp = await createTempDir('rgw');
  const [monPort, legacyMonPort, port] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const configPath = join(temp.dir, 'ceph.conf');
  const keyring = join(temp.dir, 'keyring');
  const monAddresses = `[v2:127.0.0.1:${monPort},v1:127.0.0.1:${legacyMonPort}]`;
  const fsid = randomUUID();
  await Promise.all(['mon', 'osd', 'rgw', 'out'].map((name) => mkdir(join(temp.dir, name))));
  await writeFile(configPath, buildConfig(temp.dir, fsid, monAddresses, keyring));
  const env = { ...process.env, CEPH_CONF: configPath };
  const command = (file: string, ...args: string[]) => run(file, args, { env, timeout: START_TIMEOUT_MS });
  const daemons: ChildProcess[] = [];
  const start = (file: string, ...args: string[]): void => {
    daemons.push(spawn(file, ['-f', ...args], { env, stdio: 'ignore' }));
  };
  const stop = async (): Promise<void> => {
    // Without a monitor the others would not end by themselves: nothing here is worth a farewell.
    for (const daemon of daemons.toReversed()) await endProcess(daemon, 'SIGKILL');
    await temp.remove();
  };
  try {
    const grants = { mon: ['mon', 'allow *'], osd: ['osd', 'allow *'], profile: ['mon', 'allow profile osd'] };
    const cap = (...[service, right]: string[]): string[] => ['--cap', service!, right!];
    await command('ceph-authtool', '--create-keyring', '--gen-key', '-n', 'mon.', ...cap(...grants.mon), keyring);
    await command(
      'ceph-authtool',
      ...['--gen-key', '-n', 'client.admin', ...cap(...grants.mon), ...cap(...grants.osd), keyring],
    );
    await command(
      'ceph-authtool',
      ...['--gen-key', '-n', 'osd.0', ...cap(...grants.profile), ...cap(...grants.osd), keyring],
    );
    const monmap = join(temp.dir, 'monmap');
    await command('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', monAddresses, monmap);
    await command('ceph-mon', '--mkfs', '-i', 'a', '--monmap', monmap, '--keyring', keyring);
    start('ceph-mon', '-i', 'a');
    const osdId = randomUUID();
    await command('ceph', 'osd', 'new', osdId, '0');
    await command('ceph', 'auth', 'import', '-i', keyring);
    await command('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osdId);
    start('ceph-osd', '-i', '0');
    const addUser = async (name: string) => {
      const keys = {
        accessKeyId: `KEY${randomBytes(6).toString('hex')}`,
        secretAccessKey: randomBytes(12).toString('hex'),
      };
      const asUser = [`--uid=${name}`, `--display-name=${name}`];
      const withKeys = [`--access-key=${keys.accessKeyId}`, `--secret-key=${keys.secretAccessKey}`];
      await command('radosgw-admin', 'user', 'create', ...asUser, ...withKeys);
      return keys;
    };
    const keys = await addUser('tapedeck');
    const frontend = `beast endpoint=127.0.0.1:${port}`;
    start('radosgw', '-n', 'client.admin', '--keyring', keyring, '--rgw-frontends', frontend);
    const endpoint = `http://127.0.0.1:${port}`;
    const isUp = () => fetch(endpoint).then((answer) => (answer.ok ? true : undefined));
    await poll('the RADOS Gateway', () => isUp().catch(() => undefined), START_TIMEOUT_MS);
    return { endpoint, ...keys, addUser, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function buildConfig(dir: string, fsid: string, monAddresses: string, keyring: string): string {
  const settings = {
    ...{ fsid, 'mon host': monAddresses, keyring, 'run dir': join(dir, 'out') },
    ...{ 'osd pool default size': 1, 'osd pool default min size': 1, 'osd pool default pg num': 4 },
    ...{ 'osd pool default pgp num': 4, 'osd crush chooseleaf type': 0, 'mon allow pool size one': true },
    ...{ 'osd objectstore': 'memstore', 'memstore device bytes': MEMORY_BYTES },
    ...{ 'admin socket': join(dir, 'out', '$name.asok'), 'log file': join(dir, 'out', '$name.log') },
    ...{ 'pid file': join(dir, 'out', '$name.pid'), 'mon data': join(dir, 'mon') },
    ...{ 'osd data': join(dir, 'osd'), 'rgw data': join(dir, 'rgw') },
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `[global]\n${lines.join('\n')}\n`;
}
