import { COMPRESS_ANSWER, JOBS } from './examples.ts';
import { jsonContent, type Parameter, type Paths } from './openapi.ts';
import { DELETE_FILES, DELETED_RESPONSES } from './paths-jobs.ts';
import { buildProblemsWithToken, OF_BODY, RATE_LIMIT_HEADERS } from './problems.ts';
import { refTo } from './schemas.ts';

const POST_ID: Parameter = {
  ...{ name: 'wp_post_id', in: 'path', required: true },
  description: "The post's id, which the conversion was asked for with as its reference.",
  schema: { type: 'string' },
  example: '4711',
};

/** For callers that know a post, and not its job. */
export const POST_PATHS: Paths = {
  '/api/post/{wp_post_id}': {
    get: {
      operationId: 'getPost',
      summary: "Read a post's job",
      tags: ['Posts'],
      parameters: [POST_ID],
      responses: {
        200: {
          description: 'The latest job of the post.',
          content: jsonContent(refTo('Job'), { completedVideo: JOBS.completedVideo }),
        },
        ...buildProblemsWithToken('NOT_FOUND'),
      },
    },
    delete: {
      operationId: 'deletePost',
      summary: "Delete a post's job",
      description: 'As `DELETE /api/jobs/{jobId}` does.',
      tags: ['Posts'],
      parameters: [POST_ID, DELETE_FILES],
      responses: DELETED_RESPONSES,
    },
  },
  '/api/compress/{wp_post_id}': {
    post: {
      operationId: 'compressPost',
      summary: "Put a post's job into the queue",
      tags: ['Posts'],
      parameters: [POST_ID],
      requestBody: {
        required: false,
        content: jsonContent(refTo('CompressRequest'), { high: { value: { priority: 'high' } } }),
      },
      responses: {
        202: {
          description: 'In the queue.',
          headers: RATE_LIMIT_HEADERS,
          content: jsonContent(refTo('CompressAnswer'), { queued: { value: COMPRESS_ANSWER } }),
        },
        ...buildProblemsWithToken(...OF_BODY, 'NOT_FOUND', 'JOB_STATE_CONFLICT'),
      },
    },
  },
};
