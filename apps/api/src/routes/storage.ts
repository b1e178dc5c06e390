import { mkdir } from 'node:fs/promises';
import fastifyStatic from '@fastify/static';
import { objectHeaders, storageDir } from '@tapedeck/transfer';
import type { FastifyInstance } from 'fastify';

/** Serves local storage as a public bucket would be: ranges, ETags, open to every origin, no listing. */
export async function storageRoutes(app: FastifyInstance, { dataDir }: { dataDir: string }): Promise<void> {
  const root = storageDir(dataDir);
  await mkdir(root, { recursive: true });
  await app.register(fastifyStatic, {
    root,
    prefix: '/storage/',
    decorateReply: false,
    index: false,
    // A key may begin with a dot, and nothing but objects lies here.
    dotfiles: 'allow',
    cacheControl: false,
    setHeaders: (reply, path) => {
      const { contentType, cacheControl } = objectHeaders(path);
      reply.header('content-type', contentType);
      reply.header('access-control-allow-origin', '*');
      if (cacheControl) reply.header('cache-control', cacheControl);
    },
  });
}
