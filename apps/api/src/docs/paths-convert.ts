import { MAX_BATCH_JOBS } from '@tapedeck/contracts';
import {
  ACCEPTED,
  BATCH_ANSWER,
  BATCH_REQUEST,
  CALLBACKS,
  CONVERT_REQUESTS,
  DUPLICATE,
  OVEN_CALLBACKS,
} from './examples.ts';
import {
  jsonContent,
  type Content,
  type JsonSchema,
  type Operation,
  type Parameter,
  type PathItem,
  type Paths,
} from './openapi.ts';
import { buildProblemsWithToken, OF_BODY, RATE_LIMIT_HEADERS } from './problems.ts';
import { refTo } from './schemas.ts';

const ACCEPTED_HEADERS = {
  Location: { description: 'The path of the job.', schema: { type: 'string' } },
  ...RATE_LIMIT_HEADERS,
};

const CONVERT_DESCRIPTION = `The kind follows from the body: \`zipUrl\` makes an MP4 of a tape, \`videoUrl\` an adaptive HLS stream of a
video; both or neither is refused. A 202 is a promise: the job is kept, ends once, and its end is told to \`callbackUrl\`.

The same request again (the same key, or without a key the same kind, reference, source and output while that job is
alive) is answered 200 with the same \`jobId\` and \`duplicate\`.`;

const BATCH_DESCRIPTION = `Each job as \`POST /convert\` takes it, accepted or refused by itself: a result has the status that it would have had,
and what would have been answered. What was accepted is in the queue in the order of the list. A body that is no list of
1 to ${MAX_BATCH_JOBS} jobs is refused as a whole.

Of the body, each job may have 256 KiB, all of them 4 MiB. Each counts as a write: those beyond the limit are refused
with 429, so what a key may write at once it may also send at once, and not more. Once one is refused with 503 (or the
batch has taken seven seconds), so are those that have not begun. With either, Retry-After says when to send those jobs
again.`;

const CONVERT_BODY: JsonSchema = { oneOf: [refTo('TapeRequest'), refTo('HlsRequest')] };

const buildIdempotencyKey = (description: string): Parameter => ({
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description,
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  example: '3f0f7f0e-6f5e-4a4e-9a55-0d5a0c6f1f5b',
});

const IDEMPOTENCY_SCOPE: Parameter = {
  name: 'Idempotency-Scope',
  in: 'header',
  required: false,
  description:
    'What the key stands for. request: for what is asked. call: for one call and its tries; the same request of another call is found while its job is alive, as without a key.',
  schema: { type: 'string', enum: ['request', 'call'], default: 'request' },
};

export const CONVERT_PATHS: Paths = {
  '/convert': {
    post: {
      operationId: 'convert',
      summary: 'Ask for a conversion',
      description: CONVERT_DESCRIPTION,
      tags: ['Conversions'],
      parameters: [
        buildIdempotencyKey(
          'The same key with the same body is the same job, whatever became of it; with another body it is refused (409).',
        ),
        IDEMPOTENCY_SCOPE,
      ],
      requestBody: {
        required: true,
        content: jsonContent(CONVERT_BODY, CONVERT_REQUESTS),
      },
      responses: {
        202: {
          description: 'Accepted: a new job.',
          headers: ACCEPTED_HEADERS,
          content: jsonContent(refTo('Accepted'), { accepted: { value: ACCEPTED } }),
        },
        200: {
          description: 'Known: the job that came of this request before.',
          headers: ACCEPTED_HEADERS,
          content: jsonContent(refTo('Accepted'), { duplicate: { value: DUPLICATE } }),
        },
        ...buildProblemsWithToken(
          ...OF_BODY,
          'BUCKET_NOT_ALLOWED',
          'IDEMPOTENCY_CONFLICT',
          ...(['SOURCE_URL_REFUSED', 'CALLBACK_URL_REFUSED', 'UPLOAD_URL_REFUSED', 'STORAGE_KEY_REFUSED'] as const),
        ),
      },
    },
  },
  '/convert/batch': {
    post: {
      operationId: 'convertBatch',
      summary: 'Ask for many conversions',
      description: BATCH_DESCRIPTION,
      tags: ['Conversions'],
      parameters: [
        buildIdempotencyKey(
          'For each job the key is this together with its kind, reference, source and output: the same batch again, or a part of it, makes no second jobs.',
        ),
        IDEMPOTENCY_SCOPE,
      ],
      requestBody: {
        required: true,
        content: jsonContent(
          {
            type: 'object',
            required: ['jobs'],
            properties: { jobs: { type: 'array', minItems: 1, maxItems: MAX_BATCH_JOBS, items: CONVERT_BODY } },
          },
          { batch: { value: BATCH_REQUEST } },
        ),
      },
      responses: {
        200: {
          description: 'What became of each; perhaps all were refused.',
          headers: RATE_LIMIT_HEADERS,
          content: jsonContent(refTo('BatchAnswer'), { batch: { value: BATCH_ANSWER } }),
        },
        ...buildProblemsWithToken(...OF_BODY),
      },
    },
  },
};

const CALLBACK_DESCRIPTION = `Sent to \`callbackUrl\` once a job has ended, at least once, and again on its own schedule for about three days
until it is answered 2xx. Its signature is that of Standard Webhooks: \`v1,\` and the base64 of the HMAC-SHA256 of
\`webhook-id.webhook-timestamp.body\`. The whole exchange may take 15 seconds; redirects are not followed.`;

const sentHeader = (name: string, description: string, example: string) => ({
  ...{ name, in: 'header' as const, required: true, description, example },
  schema: { type: 'string' },
});

const CALLBACK_HEADERS: Parameter[] = [
  sentHeader('webhook-id', 'Names the event: the same on every try of it.', 'evt_01k7s2m4e8q5v9x3z6b1c7d0fg'),
  sentHeader('webhook-timestamp', 'When this try was made: seconds since 1970.', '1769947209'),
  sentHeader(
    'webhook-signature',
    'One signature or, while a secret is being replaced, several with spaces between.',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ),
  sentHeader('User-Agent', 'Tapedeck and its version.', 'tapedeck/0.1.0'),
];

const describeCallback = (
  named: Pick<Operation, 'operationId' | 'summary' | 'description'>,
  content: Content,
): PathItem => ({
  post: {
    ...named,
    tags: ['Callbacks'],
    security: [{}, { callbackToken: [] }],
    parameters: CALLBACK_HEADERS,
    requestBody: { required: true, content },
    responses: {
      '2XX': { description: 'Delivered; it is not sent again.' },
      '4XX': { description: 'Final: it is not sent again by itself. Not so 408, 409, 425 and 429.' },
      default: { description: 'Sent again later; Retry-After is honoured.' },
    },
  },
});

export const WEBHOOKS: Paths = {
  conversionEnded: describeCallback(
    { operationId: 'conversionEnded', summary: 'A conversion has ended', description: CALLBACK_DESCRIPTION },
    jsonContent(refTo('Callback'), CALLBACKS),
  ),
  ovenConversionEnded: describeCallback(
    {
      operationId: 'ovenConversionEnded',
      summary: 'The same, with callbackFormat oven-complete',
      description:
        'For a receiver that was there before. Sent and signed as any other; the secret is part of the body.',
    },
    jsonContent(refTo('OvenCallback'), OVEN_CALLBACKS),
  ),
};
