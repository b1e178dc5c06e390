import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { JobError, type SessionAnswer } from '@tapedeck/contracts';
import { VERSION } from '@tapedeck/runtime';
import type { FastifyInstance } from 'fastify';
import { ADMIN_API_PATH, ADMIN_PATH, ASSETS_PATH } from './paths.ts';

export interface DashboardOptions {
  environmentName: string;
}

/** What `npm run build` makes of apps/dashboard: the same place from our sources and from what is built of them. */
const BUILT_DIR = fileURLToPath(new URL('../../../dashboard/dist/', import.meta.url));
const INDEX = 'index.html';
const FOR_EVER = 'private, max-age=31536000, immutable';

/**
 * The operators' page: files that are the same for everybody. The browser finds out by the address what to show, so that
 * every page has a link of its own, and asks the routes below /admin/api for it.
 */
export async function dashboardPages(app: FastifyInstance, { environmentName }: DashboardOptions): Promise<void> {
  if (!existsSync(join(BUILT_DIR, INDEX))) app.log.warn('the page at /admin is not built: npm run build');
  await app.register(fastifyStatic, {
    root: join(BUILT_DIR, 'assets'),
    ...{ prefix: `${ASSETS_PATH}/`, index: false, preCompressed: true },
    // Assets' names change with what is in them.
    setHeaders: (reply, path) => void reply.header('cache-control', path.endsWith(INDEX) ? 'no-store' : FOR_EVER),
  });

  app.get(`${ADMIN_API_PATH}/session`, ({ operator }): SessionAnswer => {
    if (!operator) throw new JobError('UNAUTHORIZED');
    return { ...operator, environmentName, version: VERSION };
  });
  for (const path of [ADMIN_PATH, `${ADMIN_PATH}/*`]) {
    app.get(path, ({ headers, url }, reply) => {
      // A program that asks for something that is not there must not get a page that is.
      const isPage = (headers.accept ?? '').includes('text/html') && !url.startsWith(`${ADMIN_API_PATH}/`);
      if (!isPage) throw new JobError('NOT_FOUND');
      return reply.sendFile(INDEX, BUILT_DIR);
    });
  }
}
