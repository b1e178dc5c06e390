import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { loadConfig as loadApiConfig } from '../../apps/api/src/config.ts';
import { loadConfig as loadWorkerConfig } from '../../apps/worker/src/config.ts';
import { checkEnvironments, listVariables, SECRETS, type Env } from '../support/deployed-environment.ts';

const read = (path: string): string => readFileSync(path, 'utf8');

describe('deploy/systemd', () => {
  const apiUnit = read('deploy/systemd/tapedeck-api.service');
  const workerUnit = read('deploy/systemd/tapedeck-worker@.service');
  const parseEnv = (text: string): Env =>
    Object.fromEntries([...text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));
  const file = parseEnv(read('deploy/systemd/tapedeck.env'));
  const values: Env = { ...SECRETS, ALLOWED_BUCKETS: 'media' };
  /** Filled in, over what the unit itself sets: systemd lets the file win. */
  const envOf = (unit: string): Env => {
    const own = /^Environment=(.*)$/m.exec(unit)![1]!.replace(/^NODE_ENV=\S+ /, '');
    const filled = Object.entries(file).map(([name, value]): [string, string] => [
      name,
      value === 'REPLACE_ME' ? values[name]! : value,
    ]);
    return { ...parseEnv(own.replaceAll(' ', '\n')), ...Object.fromEntries(filled) };
  };
  const [apiEnv, workerEnv] = [envOf(apiUnit), envOf(workerUnit)];

  test('the file sets what the API and the worker read, and all that they need', () => {
    const ofApi = listVariables(loadApiConfig, apiEnv);
    const ofWorker = listVariables(loadWorkerConfig, workerEnv);
    // One file for both: what only one of them reads is not missing in the other.
    const pick = (env: Env, names: string[]): Env =>
      Object.fromEntries(Object.entries(env).filter(([name]) => names.includes(name)));
    expect([...ofApi, ...ofWorker]).toEqual(expect.arrayContaining(Object.keys({ ...apiEnv, ...workerEnv })));
    checkEnvironments({ api: pick(apiEnv, ofApi), worker: pick(workerEnv, ofWorker) });
  });

  test('nothing starts before its secrets are filled in', () => {
    expect(() => loadApiConfig({ ...apiEnv, API_KEYS: file.API_KEYS! })).toThrow('API_KEYS');
    const withoutSecret = { ...workerEnv, CALLBACK_SIGNING_SECRET: file.CALLBACK_SIGNING_SECRET! };
    expect(() => loadWorkerConfig(withoutSecret)).toThrow('CALLBACK_SIGNING_SECRET');
  });

  test.each([
    ['the API', apiUnit, loadApiConfig(apiEnv).SHUTDOWN_GRACE_MS],
    ['a worker', workerUnit, loadWorkerConfig(workerEnv).SHUTDOWN_GRACE_MS],
  ])('%s comes back, unless its environment is wrong, and has longer to end than it takes', (_, unit, graceMs) => {
    expect(unit).toMatch(/^Restart=always$/m);
    expect(unit).toMatch(/^RestartPreventExitStatus=78$/m);
    expect(1000 * Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)![1])).toBeGreaterThan(graceMs);
    const script = /^ExecStart=\S+ --enable-source-maps (\S+)$/m.exec(unit)![1]!;
    expect(existsSync(script.replace('/dist/', '/src/').replace(/js$/, 'ts'))).toBe(true);
  });

  test('a worker may make the namespaces of its sandbox, and outlives an FFmpeg that memory ended for', () => {
    const breaking =
      /^(RestrictNamespaces|ProtectKernelTunables|ProcSubset|PrivateUsers|MemoryDenyWriteExecute|NoExecPaths)=/m;
    expect(workerUnit).not.toMatch(breaking);
    expect(workerUnit).toMatch(/^SystemCallFilter=.*@mount/m);
    expect(workerUnit).toMatch(/^RestrictAddressFamilies=.*AF_NETLINK/m);
    expect(workerUnit).toMatch(/^MemoryMax=\d+G$/m);
    expect(workerUnit).toMatch(/^OOMPolicy=continue$/m);
    expect(workerUnit).toMatch(/^KillMode=mixed$/m);
  });
});
