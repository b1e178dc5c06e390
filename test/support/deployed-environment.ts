import { expect } from '@jest/globals';
import { ENVIRONMENT, type VariableName } from '@tapedeck/runtime';
import { ACCESS_VARIABLES } from '../../apps/api/src/admin/access.ts';
import { loadConfig as loadApiConfig } from '../../apps/api/src/config.ts';
import { loadConfig as loadWorkerConfig } from '../../apps/worker/src/config.ts';

export type Env = Record<string, string>;

/** What operators fill in. */
export const SECRETS = {
  DO_SPACES_KEY: 'key',
  DO_SPACES_SECRET: 'secret',
  API_KEYS: `site:${'0'.repeat(64)}`,
  CALLBACK_SIGNING_SECRET: 'whsec_c2VjcmV0',
  METRICS_TOKEN: 'metrics',
};

/** The names that an app asks its environment for. */
export function listVariables(load: (env: Env) => unknown, env: Env): string[] {
  const asked: string[] = [];
  const get = (target: Env, name: string): string | undefined => {
    asked.push(name);
    return target[name];
  };
  load(new Proxy(env, { get }));
  return asked;
}

/** No default will do for these, and the rest of those without one may be left out. */
function listNeeded(read: readonly string[]): string[] {
  const mayBeMissing = [
    ...['SPACES_PUBLIC_BASE_URL', 'JOURNAL_BUCKET', 'MP4_SERVICE_TOKEN', 'CALLBACK_AUTH_TOKEN', 'OVEN_CALLBACK_SECRET'],
    ...['ENCODE_MEMORY_BYTES'],
    ...['ALERT_WEBHOOK_URL', 'ALERT_EMAIL_FROM', 'SMTP_URL', 'SENTRY_DSN'],
    ...['METRICS_TOKEN', 'DELETE_RESULTS_AFTER_DAYS', 'LOG_DIR', 'MEMORY_WARN_BYTES', 'MEMORY_LIMIT_BYTES'],
    ...ACCESS_VARIABLES,
  ];
  const withoutDefault = read.filter(
    (name) => ENVIRONMENT[name as VariableName].safeParse(undefined).data === undefined,
  );
  return withoutDefault.filter((name) => !mayBeMissing.includes(name));
}

/** What holds for every file, given the environment that each says an app has. */
export function checkEnvironments(envs: { api: Env; worker: Env }): void {
  const [api, worker] = [loadApiConfig(envs.api), loadWorkerConfig(envs.worker)];
  for (const [load, env] of [[loadApiConfig, envs.api] as const, [loadWorkerConfig, envs.worker] as const]) {
    const variables = listVariables(load, env);
    expect(variables).toEqual(expect.arrayContaining(Object.keys(env)));
    expect(Object.keys(env)).toEqual(expect.arrayContaining(listNeeded(variables)));
  }
  expect(api.storage.driver).toBe('spaces');
  expect(worker.storage).toEqual(api.storage);
  expect(api.journal?.buckets?.length).toBeGreaterThan(0);
  expect(worker.journal).toEqual(api.journal);
  expect(worker.urlPolicy).toEqual(api.urlPolicy);
  for (const name of ['redisUrl', 'publicUrl', 'SHUTDOWN_GRACE_MS'] as const) expect(worker[name]).toBe(api[name]);
}
