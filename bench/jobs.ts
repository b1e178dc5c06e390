import { parseConvertRequest, type ConvertRequest, type TerminalOutcome } from '@tapedeck/contracts';
import {
  beginAttempt,
  connectRedis,
  NOTHING_MEASURED,
  openQueues,
  settleAttempt,
  submitJob,
  waitForRedis,
  type Backend,
} from '@tapedeck/jobs';
import { startStack, TOKEN } from '../test/support/stack.ts';
import { formatTable } from './table.ts';

/** How soon operators see their jobs, with many in Redis. */
export interface JobsResult {
  jobs: number;
  /** Of everything in Redis, for each job. */
  bytesPerJob: number;
  /** From the first to the last, through the functions that the API and the workers use. */
  fillSec: number;
  rows: readonly { what: string; p50Ms: number; p95Ms: number }[];
}

const REQUESTS = 200;
const WARM_UP = 20;
/** Of a hundred: what the others come to. */
const OUTCOMES: readonly { below: number; outcome: TerminalOutcome | undefined }[] = [
  { below: 2, outcome: undefined },
  { below: 6, outcome: { status: 'failed', error: { code: 'ENCODE_FAILED', message: 'no', phase: 'encode' } } },
  { below: 8, outcome: { status: 'canceled' } },
  {
    below: 100,
    outcome: {
      status: 'completed',
      output: { mp4Url: 'https://a.example/a.mp4', duration: 4, size: 2_048_576, resolution: [3840, 2880] },
    },
  },
];

/** Fills a redis-server with jobs, and asks the API for them over HTTP, one request after the other. */
export async function measureJobs(jobs: number): Promise<JobsResult> {
  const stack = await startStack({ worker: false });
  const redis = connectRedis(stack.env.REDIS_URL!, 'patient', () => undefined);
  try {
    await waitForRedis(redis, 5_000);
    const backend: Backend = { redis, queues: await openQueues(redis, 5_000), journal: undefined };
    const startedAt = performance.now();
    const before = await usedBytes(backend);
    await fill(backend, jobs);
    const fillSec = (performance.now() - startedAt) / 1000;
    const bytesPerJob = Math.round(((await usedBytes(backend)) - before) / jobs);
    const middle = Math.floor(jobs / 2);
    const rows = [];
    for (const [what, path] of [
      ['list, newest', '/api/jobs'],
      ['list, failed tapes', '/api/jobs?status=failed&kind=tape'],
      ['list, failed with a code', '/api/jobs?code=ENCODE_FAILED'],
      ['list, a page in the middle', `/api/jobs?offset=${middle}`],
      ['list, by end', '/api/jobs?sort=finishedAt&order=asc'],
      ['list, queued with forecasts', '/api/jobs?status=queued'],
      ['search, one job', `/api/jobs?q=tape-${middle}`],
      ['search, a thousand', `/api/jobs?q=tape-${String(middle).slice(0, -3)}`],
      ['search, all jobs', '/api/jobs?q=tape'],
      ['search, all jobs, page 100', '/api/jobs?q=tape&limit=100&offset=9900'],
      ['search, all jobs, failed', '/api/jobs?q=tape&status=failed'],
      ['statistics', '/api/stats'],
    ] as const) {
      rows.push({ what, ...(await time(`${stack.url}${path}`)) });
    }
    await backend.queues.close();
    return { jobs, bytesPerJob, fillSec, rows };
  } finally {
    redis.disconnect();
    await stack.stop();
  }
}

const AT_ONCE = 100;

async function fill(backend: Backend, jobs: number): Promise<void> {
  const numbers = Array.from({ length: jobs }, (_, index) => index).values();
  const lane = async (): Promise<void> => {
    for (const number of numbers) await makeJob(backend, number);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function makeJob(backend: Backend, number: number): Promise<void> {
  const request = buildRequest(number);
  const { jobId } = await submitJob(backend, {
    ...{ request, caller: 'bench', outputName: `tape-${number}.mp4`, idempotencyKey: undefined, maxAttempts: 3 },
  });
  const { outcome } = OUTCOMES.find(({ below }) => number % 100 < below)!;
  if (!outcome) return;
  const attempt = await beginAttempt(backend.redis, { jobId, run: 1 });
  await settleAttempt(backend.redis, attempt!, outcome, {
    ...NOTHING_MEASURED,
    megapixels: 1_000 + (number % 7) * 500,
  });
  await backend.queues.removeConversion({ jobId, run: 1 });
}

/** As today's caller sends it. */
function buildRequest(number: number): ConvertRequest {
  const parsed = parseConvertRequest({
    mongoId: `507f1f77bcf8${number.toString(16).padStart(12, '0')}`,
    ...{ bucket: 'user-aesthetic-computer', slug: `tape-${number}` },
    zipUrl: `https://user-aesthetic-computer.sfo3.digitaloceanspaces.com/auth0|123/tape-${number}.zip`,
    callbackUrl: 'https://aesthetic.computer/.netlify/functions/tape-mp4-complete',
    metadata: {
      ...{ frameCount: 120, totalDuration: 4000, piece: 'wand', scale: 6 },
      ...{ originalSize: [640, 480], scaledSize: [3840, 2880] },
    },
  });
  if (!parsed.ok) throw new Error(parsed.issues[0].message);
  return parsed.request;
}

async function usedBytes({ redis }: Backend): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))![1]);
}

async function time(url: string): Promise<{ p50Ms: number; p95Ms: number }> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const tookMs: number[] = [];
  for (let index = 0; index < REQUESTS + WARM_UP; index += 1) {
    const startedAt = performance.now();
    const answer = await fetch(url, { headers });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
    if (index >= WARM_UP) tookMs.push(performance.now() - startedAt);
  }
  tookMs.sort((a, b) => a - b);
  return { p50Ms: tookMs[Math.floor(tookMs.length * 0.5)]!, p95Ms: tookMs[Math.floor(tookMs.length * 0.95)]! };
}

export function formatJobs({ jobs, bytesPerJob, fillSec, rows }: JobsResult): string {
  const table = formatTable(
    ['over HTTP, one after the other', 'p50 ms', 'p95 ms'],
    rows.map(({ what, p50Ms, p95Ms }) => [what, p50Ms.toFixed(1), p95Ms.toFixed(1)]),
  );
  return `Jobs: ${jobs} in Redis, ${bytesPerJob} bytes each, filled in ${fillSec.toFixed(0)} s.\n\n${table}`;
}
