import { addAbortSignal, Readable } from 'node:stream';
import { isTapeOutput, parseJobQuery, type JobQuery } from '@tapedeck/contracts';
import { buildJobView, type JobRecord, type Redis } from '@tapedeck/jobs';
import { walkJobs, type WalkFilter } from '@tapedeck/upkeep';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance } from 'fastify';
import { requireValid, type JobAccess } from '../job-access.ts';
import { createLongAnswers } from '../long-answers.ts';
import { toFilter } from '../routes/jobs.ts';
import { ADMIN_API_PATH } from './paths.ts';

/** Columns by their heading. Times are ISO 8601. */
const COLUMNS = {
  jobId: ({ view }) => view.jobId,
  kind: ({ view }) => view.kind,
  reference: ({ view }) => view.reference,
  slug: ({ view }) => view.slug,
  bucket: ({ view }) => view.bucket,
  status: ({ view }) => view.status,
  attempt: ({ view }) => view.attempt,
  maxAttempts: ({ view }) => view.maxAttempts,
  createdAt: ({ view }) => view.createdAt,
  startedAt: ({ view }) => view.startedAt,
  finishedAt: ({ view }) => view.finishedAt,
  durationSec: ({ view }) => view.output?.duration ?? null,
  sizeBytes: ({ view }) => view.output?.size ?? null,
  url: ({ view }) => urlOf(view.output),
  errorCode: ({ view }) => view.error?.code ?? null,
  errorMessage: ({ view }) => view.error?.message ?? null,
  callbackStatus: ({ view }) => (view.finishedAt === null ? null : view.callback.status),
  callbackLastStatus: ({ view }) => view.callback.lastStatus,
  caller: ({ record }) => record.caller,
} satisfies Record<string, (row: Row) => string | number | null>;

interface Row {
  record: JobRecord;
  view: ReturnType<typeof buildJobView>;
}

const PAGE = 100;

/**
 * `GET /admin/api/jobs.csv`: the jobs that fit a query of the list, the oldest first, as they are when their turn comes
 * (RFC 4180, with a byte order mark, by which spreadsheets know UTF-8). Read page by page, as fast as it is taken.
 */
export async function exportRoute(app: FastifyInstance, { redis }: JobAccess): Promise<void> {
  const answers = createLongAnswers(app);
  app.get<{ Querystring: Record<string, unknown> }>(
    `${ADMIN_API_PATH}/jobs.csv`,
    { config: { audit: 'jobs.export' } },
    (request, reply) => {
      const { query } = requireValid(parseJobQuery(request.query));
      request.about = new URL(request.url, 'http://here.invalid').search.slice(1);
      const name = `jobs-${new Date().toISOString().slice(0, 10)}.csv`;
      const stream = addAbortSignal(answers.begin(reply), Readable.from(writeRows(redis, query)));
      stream.once('error', (error) => reply.log.warn({ err: error }, 'an export broke off'));
      return reply
        .header('content-type', 'text/csv; charset=utf-8; header=present')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(stream);
    },
  );
}

async function* writeRows(redis: Redis, query: JobQuery): AsyncGenerator<string> {
  yield `\uFEFF${stringify([Object.keys(COLUMNS)])}`;
  const { order: _order, ...filter } = toFilter(query);
  const walk: WalkFilter = { ...filter, toMs: Math.min(filter.toMs ?? Infinity, Date.now() + 1), pageSize: PAGE };
  for await (const { records } of walkJobs(redis, walk)) {
    // What begins like a formula is one to a spreadsheet, and names come from anybody.
    yield stringify(records.map(toCells), { escape_formulas: true });
  }
}

function toCells(record: JobRecord): (string | number | null)[] {
  const row = { record, view: buildJobView(record, { positionInQueue: null }) };
  return Object.values(COLUMNS).map((cellOf) => cellOf(row));
}

function urlOf(output: Row['view']['output']): string | null {
  if (!output) return null;
  return isTapeOutput(output) ? output.mp4Url : output.hlsUrl;
}
