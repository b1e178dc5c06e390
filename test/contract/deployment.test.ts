import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { loadConfig as loadApiConfig } from '../../apps/api/src/config.ts';
import { healthRoutes, type HealthOptions } from '../../apps/api/src/routes/health.ts';
import { loadConfig as loadWorkerConfig } from '../../apps/worker/src/config.ts';
import { environmentOf, loadCompose } from '../images/compose.ts';
import { checkEnvironments, SECRETS, type Env } from '../support/deployed-environment.ts';

const NEEDED = { MP4_SERVICE_TOKEN: 'token', CALLBACK_SIGNING_SECRET: SECRETS.CALLBACK_SIGNING_SECRET };

const read = (path: string): string => readFileSync(path, 'utf8');

/** The API's questions about health. */
function listHealthPaths(): string[] {
  const paths: string[] = [];
  const app = { get: (path: string) => paths.push(path) } as unknown as Parameters<typeof healthRoutes>[0];
  void healthRoutes(app, {} as HealthOptions);
  return paths;
}

describe('docker-compose.yml', () => {
  const services = loadCompose(NEEDED);
  const envs = { api: environmentOf(services.api!), worker: environmentOf(services.worker!) };

  test('sets what the API and the worker read, and all that they need', () => checkEnvironments(envs));

  test.each(Object.keys(NEEDED))('does not start without %s', (name) => {
    const others = Object.fromEntries(Object.entries(NEEDED).filter(([other]) => other !== name));
    expect(() => loadCompose(others)).toThrow(name);
  });

  test('can be pointed at Spaces', () => {
    const variables = {
      ...{ ...NEEDED, DO_SPACES_KEY: 'a', DO_SPACES_SECRET: 'b', SPACES_PUBLIC_BASE_URL: '', ALLOWED_BUCKETS: 'mine' },
      ...{ SPACES_ENDPOINT: 'https://fra1.digitaloceanspaces.com', SPACES_FORCE_PATH_STYLE: 'false' },
    };
    const { api } = loadCompose(variables);
    expect(loadApiConfig(environmentOf(api!))).toMatchObject({
      ALLOWED_BUCKETS: ['mine'],
      storage: {
        ...{ endpoint: variables.SPACES_ENDPOINT, forcePathStyle: false, publicBaseUrl: undefined },
        ...{ accessKeyId: 'a', secretAccessKey: 'b' },
      },
    });
  });

  test('the store is where the API and the worker look for it, with their keys and the buckets', () => {
    const { spaces } = services;
    const store = environmentOf(spaces!);
    const port = /GATEWAY_PORT=(\d+)/.exec(read('deploy/spaces/Dockerfile'))![1]!;
    expect(envs.api).toMatchObject({
      SPACES_ENDPOINT: `http://spaces:${port}`,
      SPACES_FORCE_PATH_STYLE: 'true',
      DO_SPACES_KEY: store.DO_SPACES_KEY,
      DO_SPACES_SECRET: store.DO_SPACES_SECRET,
      ALLOWED_BUCKETS: store.ALLOWED_BUCKETS,
    });
    const { origin, port: publicPort } = new URL(envs.api.SPACES_PUBLIC_BASE_URL!);
    expect(origin).toBe(`http://localhost:${publicPort}`);
    expect(spaces!.ports).toEqual([`127.0.0.1:${publicPort}:${port}`]);
    const script = read('deploy/spaces/start-gateway');
    for (const name of Object.keys(store)) expect(script).toMatch(new RegExp(`\\$\\{${name}\\b`));
  });

  test('what is accepted outlives a restart', () => {
    const { redis, spaces } = services;
    expect(redis!.command!.join(' ')).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
    expect(redis!.volumes).toEqual(['redis:/data']);
    expect(spaces!.volumes).toEqual(['spaces:/data']);
  });

  test('two workers have longer to end than they take', () => {
    const { api, worker } = services;
    expect(worker!.deploy).toEqual({ replicas: 2 });
    const graceMs = [api, worker].map((app) => 1000 * Number(/^(\d+)s$/.exec(app!.stop_grace_period!)![1]));
    expect(Math.min(...graceMs)).toBeGreaterThan(loadWorkerConfig(envs.worker).SHUTDOWN_GRACE_MS);
  });

  test.each(Object.keys(services))('%s can change nothing and is reached from this machine only', (name) => {
    const service = services[name]!;
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('health is asked for where there is an answer', () => {
    const { api, worker } = services;
    const [, port, path] = /http:\/\/127\.0\.0\.1:(\d+)(\/[\w/]+)'/.exec(api!.healthcheck!.test.join(' '))!;
    expect(port).toBe(envs.api.PORT);
    expect(listHealthPaths()).toContain(path);
    const script = worker!.healthcheck!.test.at(-1)!.replace('/dist/', '/src/').replace(/js$/, 'ts');
    expect(existsSync(script)).toBe(true);
  });
});

interface SpecVariable {
  key: string;
  value: string;
  scope: string;
  type?: string;
}
interface SpecAlert {
  rule: string;
}
interface SpecComponent {
  name: string;
  dockerfile_path: string;
  instance_count: number;
  instance_size_slug: string;
  http_port?: number;
  health_check?: { http_path: string };
  liveness_health_check?: { http_path: string };
  termination: { grace_period_seconds: number };
  envs: SpecVariable[];
  alerts: SpecAlert[];
}
interface AppSpec {
  envs: SpecVariable[];
  services: [SpecComponent];
  workers: [SpecComponent];
  databases: { name: string; engine: string }[];
  ingress: { rules: { component: { name: string } }[] };
  alerts: SpecAlert[];
}

describe('deploy/app.yaml', () => {
  const spec = parse(read('deploy/app.yaml')) as AppSpec;
  const [api, worker] = [spec.services[0], spec.workers[0]];
  const variables = [...spec.envs, ...api.envs, ...worker.envs];
  /** What App Platform puts in the place of its own variables. */
  const bindings: Env = {
    [`\${${spec.databases[0]!.name}.DATABASE_URL}`]: 'rediss://default:password@valkey.example:25061',
    '${APP_URL}': 'https://tapedeck.example',
  };
  const envOf = ({ envs }: SpecComponent, secrets: Env = SECRETS): Env =>
    Object.fromEntries(
      [...spec.envs, ...envs].map(({ key, value, type }) => [
        key,
        type === 'SECRET' ? (secrets[key] ?? value) : (bindings[value] ?? value),
      ]),
    );

  test('sets what the API and the worker read, and all that they need', () => {
    checkEnvironments({ api: envOf(api), worker: envOf(worker) });
    expect(loadApiConfig(envOf(api))).toMatchObject({ redisUrl: expect.stringMatching(/^rediss:/) });
  });

  test('nothing starts before its secrets are filled in', () => {
    expect(() => loadApiConfig(envOf(api, {}))).toThrow('API_KEYS');
    expect(() => loadWorkerConfig(envOf(worker, {}))).toThrow('CALLBACK_SIGNING_SECRET');
  });

  test('secrets are of the type SECRET, and no build sees a variable', () => {
    const secret = variables.filter(({ type }) => type === 'SECRET').map(({ key }) => key);
    expect(secret.toSorted()).toEqual(Object.keys(SECRETS).toSorted());
    expect(new Set(variables.map(({ scope }) => scope))).toEqual(new Set(['RUN_TIME']));
  });

  test('has no field that the app specification does not know', () => {
    expect(findUnknown(spec, APP_SPEC)).toEqual([]);
    expect(findUnknown({ workers: [{ termination: { drain_seconds: 1 } }] }, APP_SPEC)).toEqual([
      'workers.0.termination.drain_seconds',
    ]);
  });

  test('alerts are of a kind that their place allows', () => {
    const ofApp = ['DEPLOYMENT_FAILED', 'DEPLOYMENT_LIVE', 'DEPLOYMENT_CANCELED', 'DOMAIN_FAILED', 'DOMAIN_LIVE'];
    const ofComponent = ['CPU_UTILIZATION', 'MEM_UTILIZATION', 'RESTART_COUNT'];
    expect(ofApp).toEqual(expect.arrayContaining(spec.alerts.map(({ rule }) => rule)));
    for (const { alerts } of [api, worker]) {
      expect(ofComponent).toEqual(expect.arrayContaining(alerts.map(({ rule }) => rule)));
      expect(alerts).toContainEqual(expect.objectContaining({ operator: 'GREATER_THAN', window: 'TEN_MINUTES' }));
    }
  });

  test('health is asked for where there is an answer, and requests go to the API', () => {
    const paths = [api.health_check!.http_path, api.liveness_health_check!.http_path];
    expect(listHealthPaths()).toEqual(expect.arrayContaining(paths));
    expect(api.http_port).toBe(Number(/\bPORT=(\d+)/.exec(read(api.dockerfile_path))![1]));
    expect(spec.ingress.rules.map(({ component }) => component.name)).toEqual([api.name]);
  });

  test('two workers or more, with memory, disk and time to end', () => {
    expect(read(worker.dockerfile_path)).toMatch(/apps\/worker\/dist\/main\.js"\]$/m);
    expect(worker.instance_count).toBeGreaterThanOrEqual(2);
    expect(Number(/-(\d+)gb$/.exec(worker.instance_size_slug)![1])).toBeGreaterThanOrEqual(1);
    const { MAX_SOURCE_BYTES, MAX_ARCHIVE_BYTES, SHUTDOWN_GRACE_MS } = loadWorkerConfig(envOf(worker));
    expect(MAX_SOURCE_BYTES + MAX_ARCHIVE_BYTES).toBeLessThan(2 * 1024 ** 3);
    for (const { termination } of [api, worker]) {
      expect(1000 * termination.grace_period_seconds).toBeGreaterThan(SHUTDOWN_GRACE_MS);
      expect(termination.grace_period_seconds).toBeLessThanOrEqual(600);
    }
  });

  test('the queue is a managed Valkey that everything else is bound to', () => {
    expect(spec.databases).toEqual([expect.objectContaining({ engine: 'VALKEY', production: true })]);
    const bound = variables.map(({ value }) => /\$\{.*\}/.exec(value)?.[0]).filter((name) => name !== undefined);
    expect(bound.toSorted()).toEqual(Object.keys(bindings).toSorted());
  });
});

/** The names that an app specification may have, where they stand; an array's are those of its items. */
type Names = { [name: string]: Names | null };

const names = (text: string): Names => Object.fromEntries(text.split(' ').map((name) => [name, null]));
const VARIABLES = names('key value scope type');
const ALERTS = names('rule disabled operator value window');
const CHECK = names(
  'initial_delay_seconds period_seconds timeout_seconds success_threshold failure_threshold http_path port',
);
const COMPONENT: Names = {
  ...names('name dockerfile_path build_command run_command source_dir instance_size_slug instance_count'),
  github: names('repo branch deploy_on_push'),
  envs: VARIABLES,
  alerts: ALERTS,
  liveness_health_check: CHECK,
};
const APP_SPEC: Names = {
  ...names('name region features'),
  envs: VARIABLES,
  alerts: ALERTS,
  services: {
    ...COMPONENT,
    ...names('http_port protocol internal_ports'),
    health_check: CHECK,
    termination: names('drain_seconds grace_period_seconds'),
  },
  workers: { ...COMPONENT, termination: names('grace_period_seconds') },
  databases: names('name engine version production cluster_name db_name db_user'),
  ingress: { rules: { match: { path: names('prefix exact') }, component: names('name preserve_path_prefix rewrite') } },
};

/** @returns the paths of what `known` does not name */
function findUnknown(value: unknown, known: Names | null, path: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return known === null ? [] : [path.join('.')];
  return Object.entries(value).flatMap(([name, child]) => {
    const isKnown = Array.isArray(value) || (known !== null && name in known);
    const place = [...path, name];
    return isKnown ? findUnknown(child, Array.isArray(value) ? known : known![name]!, place) : [place.join('.')];
  });
}
