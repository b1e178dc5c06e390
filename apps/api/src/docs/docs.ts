import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { buildDocument, type DocumentOptions } from './document.ts';

export const DOCS_PATH = '/docs';

const MAX_AGE_SEC = 300;

/**
 * Scripts, styles and answers come from here, and none are inline or evaluated; the style sheet has its icons as `data:`.
 * Nothing but the document and what a person tries out is asked for.
 */
const POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** `/docs`, a page for people, and `/docs/json`, the same for programs. Both are for everybody, and kept by caches. */
export async function docsRoutes(app: FastifyInstance, options: DocumentOptions): Promise<void> {
  const document = buildDocument(options);
  // The page's plugin asks for the other one, whose own document, made from routes' schemas, is never shown.
  await app.register(swagger, { openapi: { openapi: document.openapi } });
  await app.register(swaggerUi, {
    routePrefix: DOCS_PATH,
    staticCSP: POLICY,
    transformSpecification: () => document,
    transformSpecificationClone: false,
    theme: { title: 'Tapedeck' },
    // The other layout has a bar of Swagger's own, whose logo has inline styles.
    uiConfig: { layout: 'BaseLayout' },
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', `public, max-age=${MAX_AGE_SEC}`);
  });
}
