import { HEALTH, LIVE, METRICS, READY } from './examples.ts';
import { jsonContent, type Paths, type Response } from './openapi.ts';
import { buildProblems } from './problems.ts';
import { refTo, type SchemaName } from './schemas.ts';

const FOR_ALL = [] as const;

function state(description: string, schema: SchemaName, value: unknown): Response {
  return { description, content: jsonContent(refTo(schema), { example: { value } }) };
}

export const SERVICE_PATHS: Paths = {
  '/health': {
    get: {
      operationId: 'getHealth',
      summary: 'How is it?',
      description: 'For people.',
      tags: ['Service'],
      security: FOR_ALL,
      responses: {
        200: state('`ok`, or `degraded`: no worker is alive, or a queue is paused.', 'Health', HEALTH),
        503: state('`unavailable`.', 'Health', { ...HEALTH, status: 'unavailable' }),
      },
    },
  },
  '/health/live': {
    get: {
      operationId: 'getLiveness',
      summary: 'Restart it?',
      description: 'Answers as long as the process can, whatever the others do.',
      tags: ['Service'],
      security: FOR_ALL,
      responses: { 200: state('No.', 'Liveness', LIVE) },
    },
  },
  '/health/ready': {
    get: {
      operationId: 'getReadiness',
      summary: 'Send it requests?',
      tags: ['Service'],
      security: FOR_ALL,
      responses: {
        200: state('Yes: Redis and the store answer.', 'Readiness', READY),
        503: state('Not now.', 'Readiness', { ...READY, status: 'unavailable' }),
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'getMetrics',
      summary: 'Metrics for Prometheus',
      description: 'One replica of the API speaks for the whole fleet. Asks for METRICS_TOKEN when that is set.',
      tags: ['Service'],
      security: [{}, { metricsToken: [] }],
      responses: {
        200: {
          description: 'The text format of Prometheus.',
          content: { 'text/plain': { schema: { type: 'string' }, examples: { metrics: { value: METRICS } } } },
        },
        ...buildProblems('UNAUTHORIZED', 'RATE_LIMITED', 'INTERNAL_ERROR', 'QUEUE_UNAVAILABLE'),
      },
    },
  },
};

const OBJECT = { '*/*': { schema: {} } };
const OBJECT_HEADERS = {
  ETag: { description: 'Changes with the content.', schema: { type: 'string' } },
  'Access-Control-Allow-Origin': { description: '*', schema: { type: 'string' } },
};

/** Only where the API serves local storage. */
export const STORAGE_PATHS: Paths = {
  '/storage/{bucket}/{key}': {
    get: {
      operationId: 'getObject',
      summary: 'Read a result',
      description: 'From local storage, as a public bucket would serve it. A key may have slashes.',
      tags: ['Service'],
      security: FOR_ALL,
      parameters: [
        { name: 'bucket', in: 'path', required: true, description: 'Of the request.', schema: { type: 'string' } },
        { name: 'key', in: 'path', required: true, description: 'May have slashes.', schema: { type: 'string' } },
        {
          ...{ name: 'Range', in: 'header', required: false, description: 'A part of it.' },
          ...{ schema: { type: 'string' }, example: 'bytes=0-1023' },
        },
        {
          ...{
            name: 'If-None-Match',
            in: 'header',
            required: false,
            description: 'The ETag of what is there already.',
          },
          schema: { type: 'string' },
        },
      ],
      responses: {
        200: { description: 'All of it.', headers: OBJECT_HEADERS, content: OBJECT },
        206: { description: 'The part that was asked for.', headers: OBJECT_HEADERS, content: OBJECT },
        304: { description: 'It is what is there already.' },
        ...buildProblems('NOT_FOUND', 'RANGE_NOT_SATISFIABLE'),
      },
    },
  },
};
