import { DELETED, EVENTS, JOB_LIST, JOBS, STATS } from './examples.ts';
import { jsonContent, type Content, type Operation, type Parameter, type Paths, type Response } from './openapi.ts';
import { buildProblemsWithToken, RATE_LIMIT_HEADERS } from './problems.ts';
import { buildJobQueryParameters, refTo } from './schemas.ts';

const JOB_ID: Parameter = {
  ...{ name: 'jobId', in: 'path', required: true, description: 'As the answer to POST /convert has it.' },
  ...{ schema: { type: 'string' }, example: 'tape_01k7s2m4e8q5v9x3z6b1c7d0fg' },
};

export const DELETE_FILES: Parameter = {
  ...{ name: 'delete_files', in: 'query', required: false },
  description: 'Whether the published result goes, too. What a later job has replaced, or a presigned URL took, stays.',
  schema: { type: 'boolean', default: false },
};

function jobContent(...names: (keyof typeof JOBS)[]): Content {
  return jsonContent(refTo('Job'), Object.fromEntries(names.map((name) => [name, JOBS[name]])));
}

function steeredJob(description: string, example: keyof typeof JOBS): Response {
  return { description, headers: RATE_LIMIT_HEADERS, content: jobContent(example) };
}

export const DELETED_RESPONSES: Operation['responses'] = {
  200: {
    description: 'The job is forgotten.',
    headers: RATE_LIMIT_HEADERS,
    content: jsonContent(refTo('Deleted'), { deleted: { value: DELETED } }),
  },
  ...buildProblemsWithToken('REQUEST_INVALID', 'NOT_FOUND', 'JOB_STATE_CONFLICT', 'STORAGE_UNAVAILABLE'),
};

const EVENTS_DESCRIPTION = `Server-sent events: the job at every change, each event's \`data\` the same object that \`GET /api/jobs/{jobId}\`
answers. A browser's EventSource sends no token: read it with \`fetch\`.`;

const READING: Paths = {
  '/api/jobs': {
    get: {
      operationId: 'listJobs',
      summary: 'List jobs',
      description: 'A parameter that is repeated, or not one of these, is refused.',
      tags: ['Jobs'],
      parameters: buildJobQueryParameters(),
      responses: {
        200: {
          description: 'The jobs that fit, a page of them.',
          content: jsonContent(refTo('JobList'), { jobs: { value: JOB_LIST } }),
        },
        ...buildProblemsWithToken('REQUEST_INVALID'),
      },
    },
  },
  '/api/jobs/{jobId}': {
    get: {
      operationId: 'getJob',
      summary: 'Read a job',
      tags: ['Jobs'],
      parameters: [JOB_ID],
      responses: {
        200: {
          description: 'The job.',
          content: jobContent('queued', 'processing', 'completedTape', 'completedVideo', 'failed'),
        },
        ...buildProblemsWithToken('NOT_FOUND'),
      },
    },
    delete: {
      operationId: 'deleteJob',
      summary: 'Delete a job',
      description: 'Ends it first when it is alive.',
      tags: ['Jobs'],
      parameters: [JOB_ID, DELETE_FILES],
      responses: DELETED_RESPONSES,
    },
  },
  '/api/jobs/{jobId}/events': {
    get: {
      operationId: 'watchJob',
      summary: 'Watch a job',
      description: EVENTS_DESCRIPTION,
      tags: ['Jobs'],
      parameters: [
        JOB_ID,
        {
          ...{ name: 'Last-Event-ID', in: 'header', required: false },
          description: 'The id of the last event that came, from who was cut off and comes back.',
          schema: { type: 'string' },
        },
      ],
      responses: {
        200: {
          description: 'A stream of events.',
          content: {
            'text/event-stream': { schema: { type: 'string' }, examples: { events: { value: EVENTS.join('') } } },
          },
        },
        204: { description: 'Nothing more will come: the job has ended, and Last-Event-ID names its last change.' },
        ...buildProblemsWithToken('NOT_FOUND'),
      },
    },
  },
  '/api/stats': {
    get: {
      operationId: 'getStats',
      summary: 'Count jobs',
      tags: ['Jobs'],
      responses: {
        200: {
          description: 'All of them in numbers.',
          content: jsonContent(refTo('Stats'), { stats: { value: STATS } }),
        },
        ...buildProblemsWithToken(),
      },
    },
  },
};

const STEERING: Paths = {
  '/api/jobs/{jobId}/cancel': {
    post: {
      operationId: 'cancelJob',
      summary: 'Stop a job',
      description: 'Wherever it is: an FFmpeg that runs ends within two seconds. Its callback says `canceled`.',
      tags: ['Jobs'],
      parameters: [JOB_ID],
      responses: {
        200: steeredJob('Canceled.', 'canceled'),
        202: steeredJob('It is on its way, and nobody needs to ask again.', 'processing'),
        ...buildProblemsWithToken('NOT_FOUND', 'JOB_STATE_CONFLICT'),
      },
    },
  },
  '/api/jobs/{jobId}/retry': {
    post: {
      operationId: 'retryJob',
      summary: 'Begin a job again',
      description: 'One that failed or was canceled. It ends again, with a callback of its own.',
      tags: ['Jobs'],
      parameters: [JOB_ID],
      responses: {
        202: steeredJob('In the queue again.', 'queued'),
        ...buildProblemsWithToken('NOT_FOUND', 'JOB_STATE_CONFLICT', 'STORAGE_UNAVAILABLE'),
      },
    },
  },
  '/api/jobs/{jobId}/callback': {
    post: {
      operationId: 'replayCallback',
      summary: 'Send the callback again',
      description: 'Of a job that has ended, delivered or not, from the start of its schedule.',
      tags: ['Jobs'],
      parameters: [JOB_ID],
      responses: {
        202: steeredJob('It will be sent now.', 'failed'),
        ...buildProblemsWithToken('NOT_FOUND', 'JOB_STATE_CONFLICT'),
      },
    },
  },
};

export const JOB_PATHS: Paths = { ...READING, ...STEERING };
