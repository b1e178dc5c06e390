import { isAccepted, isBatchAnswer, isJob, isJobList } from './answers.ts';
import { call, type Call, type Connection } from './connection.ts';
import type { Accepted, BatchAnswer, HlsRequest, Job, JobFilter, JobList, TapeRequest } from './contract.ts';
import {
  parseBaseUrl,
  parseIdempotencyKey,
  parseJobPath,
  parseMaxTries,
  parseMs,
  parseParameter,
  parseToken,
} from './parse-arguments.ts';
import type { TapedeckError } from './tapedeck-error.ts';
import { loadCrypto } from './web-crypto.ts';
import { watchJob, type WaitOptions } from './watch-job.ts';

export interface ClientOptions {
  /** The address of the API: `https://tapedeck.example`. */
  baseUrl: string;
  /** A key of API_KEYS, or MP4_SERVICE_TOKEN. A secret: not for pages that others open. */
  token: string;
  /** Instead of the runtime's own. It has to end by the `signal` that it is given: no deadline holds without that. */
  fetch?: typeof fetch | undefined;
  /** How long each try may take, to the last byte of the answer, in milliseconds. 10 000 when nothing is said. */
  timeoutMs?: number | undefined;
  /** How often a call is tried in all. 3 when nothing is said. */
  maxTries?: number | undefined;
}

export interface CallOptions {
  /** Ends the call and its tries: its reason is thrown. */
  signal?: AbortSignal | undefined;
}

export interface ConvertOptions extends CallOptions {
  /**
   * 1 to 255 characters. The same key with the same request is the same job for a week, whatever became of it; with
   * another request it is refused (IDEMPOTENCY_CONFLICT). Without one the same request is the same job while that job is
   * alive, and a new one after that.
   */
  idempotencyKey?: string | undefined;
}

type Status = Job['status'];

/** Which jobs, in which order: all fields are optional. */
export type JobQuery = Omit<JobFilter, 'status' | 'from' | 'to'> & {
  /** One status, or several. */
  status?: Status | readonly Status[] | undefined;
  /** Jobs of this time or later: of their creation, or, with `sort: 'finishedAt'`, of their end. */
  from?: Date | string | undefined;
  /** Jobs of before this time. */
  to?: Date | string | undefined;
};

/** Every method rejects with a TapedeckError, or with the reason of the signal that it was given; none throws at once. */
export interface TapedeckClient {
  /** Makes an MP4 of a tape. Once it is answered the job is kept, and its end is told to `callbackUrl`. */
  convertTape(request: TapeRequest, options?: ConvertOptions): Promise<Accepted>;
  /** Makes an adaptive stream (HLS) of a video or sound file. */
  convertVideo(request: HlsRequest, options?: ConvertOptions): Promise<Accepted>;
  /**
   * Up to 100 requests in one call, each accepted or refused by itself: `results` has one for each, in their order. With an
   * `idempotencyKey` each has a key of its own, made of it and of what the job is: no job is made twice, in whatever list.
   */
  convertBatch(requests: readonly (TapeRequest | HlsRequest)[], options?: ConvertOptions): Promise<BatchAnswer>;
  job(jobId: string, options?: CallOptions): Promise<Job>;
  jobs(query?: JobQuery, options?: CallOptions): Promise<JobList>;
  /** Ends a job that has not ended; one that is canceled already stays so. Else JOB_STATE_CONFLICT. */
  cancel(jobId: string, options?: CallOptions): Promise<Job>;
  /** Runs a job again that failed or was canceled; one that is alive stays so. Else JOB_STATE_CONFLICT. */
  retry(jobId: string, options?: CallOptions): Promise<Job>;
  /** Sends the callback of a job that has ended again, with the same event id. Else JOB_STATE_CONFLICT. */
  replayCallback(jobId: string, options?: CallOptions): Promise<Job>;
  /**
   * The job now and at every change, until it has ended: the last one says how (`status`). Over server-sent events, or by
   * asking where those do not come through. To leave the loop closes the connection.
   *
   * ```ts
   * for await (const job of client.waitFor(jobId)) console.log(job.status, job.progress);
   * ```
   */
  waitFor(jobId: string, options?: WaitOptions): AsyncGenerator<Job, undefined, undefined>;
}

const TIMEOUT_MS = 10_000;
const MAX_TRIES = 3;

/** @throws TapedeckError ARGUMENT_INVALID, which names the option */
export function createClient(options: ClientOptions): TapedeckClient {
  const { fetch: ownFetch } = options;
  const connection: Connection = {
    baseUrl: parseBaseUrl(options.baseUrl),
    token: parseToken(options.token),
    // A browser's fetch refuses to be the method of something else, and one that throws fails as one that rejects.
    fetch: async (input, init) => (ownFetch ?? globalThis.fetch)(input, init),
    timeoutMs: parseMs('timeoutMs', options.timeoutMs ?? TIMEOUT_MS),
    maxTries: parseMaxTries(options.maxTries ?? MAX_TRIES),
  };
  const steer = (jobId: string, action: string, { signal }: CallOptions = {}, rest: Partial<Call> = {}): Promise<Job> =>
    call(connection, { method: 'POST', path: `${parseJobPath(jobId)}/${action}`, signal, ...rest }, isJob);
  return {
    convertTape: async (request, convertOptions) => convert(connection, request, convertOptions),
    convertVideo: async (request, convertOptions) => convert(connection, request, convertOptions),
    convertBatch: async (requests, { idempotencyKey, signal } = {}) => {
      const headers = await buildKeyHeaders(idempotencyKey);
      const body = { jobs: requests };
      const isAnswer = (answer: unknown) => isBatchAnswer(answer, requests.length);
      return call(connection, { method: 'POST', path: '/convert/batch', headers, body, signal }, isAnswer);
    },
    job: async (jobId, { signal } = {}) =>
      call(connection, { method: 'GET', path: parseJobPath(jobId), signal }, isJob),
    jobs: async (query = {}, { signal } = {}) =>
      call(connection, { method: 'GET', path: `/api/jobs${buildQuery(query)}`, signal }, isJobList),
    cancel: async (jobId, callOptions) => steer(jobId, 'cancel', callOptions),
    retry: async (jobId, callOptions) => steer(jobId, 'retry', callOptions, { mayRepeat: wasNotDone }),
    replayCallback: async (jobId, callOptions) => steer(jobId, 'callback', callOptions),
    waitFor: (jobId, waitOptions = {}) => watchJob(connection, jobId, waitOptions),
  };
}

async function convert(
  connection: Connection,
  body: TapeRequest | HlsRequest,
  { idempotencyKey, signal }: ConvertOptions = {},
): Promise<Accepted> {
  const headers = await buildKeyHeaders(idempotencyKey);
  return call(connection, { method: 'POST', path: '/convert', headers, body, signal }, isAccepted);
}

/**
 * Every try has the same Idempotency-Key, so that a lost answer makes no second job, not even when the first has ended
 * meanwhile. A key of our own stands for this one call: `Idempotency-Scope: call` asks the API to find the job of another
 * call for the same recording all the same, while it is alive, as it does without a key. Rejected: a key made of the
 * request, by which a recording that was replaced could not be converted again for a week.
 */
async function buildKeyHeaders(idempotencyKey: string | undefined): Promise<Record<string, string>> {
  return idempotencyKey === undefined
    ? { 'idempotency-key': (await loadCrypto()).randomUUID(), 'idempotency-scope': 'call' }
    : { 'idempotency-key': parseIdempotencyKey(idempotencyKey) };
}

/** After a lost answer the job may have run again, and failed again, or be complete: once more would be another run. */
function wasNotDone({ status }: TapedeckError): boolean {
  return status === 408 || status === 425 || status === 429;
}

function buildQuery(query: JobQuery): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, parseParameter(name, value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
