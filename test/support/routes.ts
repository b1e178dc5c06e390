import { connectRedis, createJobWatcher, openQueues, waitForRedis } from '@tapedeck/jobs';
import { createLogger } from '@tapedeck/runtime';
import { createObjectStore } from '@tapedeck/transfer';
import { createApp } from '../../apps/api/src/app.ts';
import { loadConfig } from '../../apps/api/src/config.ts';

export interface Route {
  method: string;
  path: string;
}

/** Every route of the API as it is assembled for `env`, as Fastify spells it: `/api/jobs/:jobId`. */
export async function listRoutes(env: Record<string, string>): Promise<Route[]> {
  const config = loadConfig(env);
  const redis = connectRedis(config.redisUrl, 'fast', () => undefined);
  await waitForRedis(redis, 5_000);
  const queues = await openQueues(redis, 5_000);
  const store = createObjectStore(config.storage);
  const logger = createLogger({ name: 'routes', level: 'silent' });
  const watcher = createJobWatcher(connectRedis(config.redisUrl, 'patient', () => undefined));
  const app = await createApp({ config, redis, queues, store, watcher, logger, journal: undefined });
  await app.ready();
  const routes = parseRouteTree(app.printRoutes());
  await app.close();
  watcher.close();
  await queues.close();
  await redis.quit();
  return routes;
}

/** `│   └── /:jobId (GET, HEAD)`: each level is four characters further in. */
function parseRouteTree(tree: string): Route[] {
  const parents: string[] = [];
  return tree
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const [, indent = '', part = '', methods = ''] = /^([│ ]*)[├└]── (\S*)(?: \((.*)\))?$/.exec(line)!;
      parents.length = indent.length / 4;
      parents.push(part);
      const path = parents.join('');
      return methods === '' ? [] : methods.split(', ').map((method) => ({ method, path }));
    });
}
