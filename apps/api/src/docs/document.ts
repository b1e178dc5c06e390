import { VERSION } from '@tapedeck/runtime';
import type { OpenApiDocument } from './openapi.ts';
import { CONVERT_PATHS, WEBHOOKS } from './paths-convert.ts';
import { JOB_PATHS } from './paths-jobs.ts';
import { POST_PATHS } from './paths-posts.ts';
import { SERVICE_PATHS, STORAGE_PATHS } from './paths-service.ts';
import { buildProblemExamples, HEADERS } from './problems.ts';
import { buildSchemas } from './schemas.ts';

export interface DocumentOptions {
  publicUrl: string;
  /** Whether the API serves the results itself. */
  servesStorage: boolean;
}

const DESCRIPTION = `Turns finished recordings into things people can watch: tapes become MP4s, videos become adaptive HLS.

Errors are \`application/problem+json\` (RFC 9457) with a \`code\`. Writes are limited per key; every answer to one says what
is left. Answers may get more fields; the names and meanings of those that are here stay.`;

/** The whole API as OpenAPI 3.1, from the schemas by which requests are parsed and answers typed. */
export function buildDocument({ publicUrl, servesStorage }: DocumentOptions): OpenApiDocument {
  return {
    openapi: '3.1.1',
    info: { title: 'Tapedeck', version: VERSION, description: DESCRIPTION },
    servers: [{ url: publicUrl }],
    security: [{ token: [] }],
    tags: [
      { name: 'Conversions', description: 'Asking for one.' },
      { name: 'Jobs', description: 'Reading and steering what was asked for.' },
      { name: 'Posts', description: 'The same for callers that know a post, and not its job.' },
      { name: 'Service', description: 'What operators and players ask for.' },
      { name: 'Callbacks', description: 'What Tapedeck sends.' },
    ],
    paths: { ...CONVERT_PATHS, ...JOB_PATHS, ...POST_PATHS, ...SERVICE_PATHS, ...(servesStorage && STORAGE_PATHS) },
    webhooks: WEBHOOKS,
    components: {
      schemas: buildSchemas(),
      headers: HEADERS,
      examples: buildProblemExamples(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A key of API_KEYS, or MP4_SERVICE_TOKEN.' },
        metricsToken: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN.' },
        callbackToken: { type: 'http', scheme: 'bearer', description: 'CALLBACK_AUTH_TOKEN, when it is set.' },
      },
    },
  };
}
