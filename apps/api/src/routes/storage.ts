import { mkdir } from 'node:fs/promises';
import fastifyStatic from '@fastify/static';
import { JobError } from '@tapedeck/contracts';
import { objectHeaders, storageDir } from '@tapedeck/transfer';
import type { FastifyInstance } from 'fastify';

const PREFIX = '/storage/';
const PREFLIGHT_SEC = 86_400;

/** Serves local storage as a public bucket would be: ranges, ETags, open to every origin, no listing. */
export async function storageRoutes(app: FastifyInstance, { dataDir }: { dataDir: string }): Promise<void> {
  const root = storageDir(dataDir);
  await mkdir(root, { recursive: true });
  await app.register(fastifyStatic, {
    root,
    serve: false,
    index: false,
    // A key may begin with a dot, and nothing but objects lies here.
    dotfiles: 'allow',
    cacheControl: false,
    setHeaders: (reply, path) => {
      const { contentType, cacheControl } = objectHeaders(path);
      reply.header('content-type', contentType);
      if (cacheControl) reply.header('cache-control', cacheControl);
    },
  });
  // Of errors too: to a player on another origin, one without this is a network that failed.
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('access-control-allow-origin', '*');
    reply.header('access-control-expose-headers', 'accept-ranges, content-length, content-range, etag');
  });
  app.options(`${PREFIX}*`, async (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'GET, HEAD')
      .header('access-control-allow-headers', 'range, if-range, if-none-match')
      .header('access-control-max-age', PREFLIGHT_SEC)
      .send(),
  );
  app.get(`${PREFIX}*`, async (request, reply) => reply.sendFile(decodeObjectPath(request.raw.url!)));
}

/**
 * `{bucket}/{key}`, decoded exactly once. Not the plugin's own routes: they leave `%2B`, `%40` and six others encoded,
 * which are ordinary characters of a key.
 */
function decodeObjectPath(url: string): string {
  const [path = ''] = url.split('?');
  try {
    const objectPath = decodeURIComponent(path.slice(PREFIX.length));
    if (!objectPath.includes('\0')) return objectPath;
  } catch {
    // Not encoded as a URL: no object of ours has this address.
  }
  throw new JobError('NOT_FOUND');
}
