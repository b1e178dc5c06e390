import { Readable } from 'node:stream';
import { JobError } from '@tapedeck/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { orUnavailable } from '../job-access.ts';
import { createLongAnswers } from '../long-answers.ts';
import { createLiveFeed, type FeedEvent, type LiveFeedOptions } from './live-feed.ts';
import { ADMIN_API_PATH } from './paths.ts';
import { findOperator } from './session.ts';

export type LiveRouteOptions = Omit<LiveFeedOptions, 'log'>;

/** Each holds a connection of this process. */
const MAX_STREAMS = 200;
/** Jobs, for one who does not read: of more than that, it is told to ask anew. */
const MAX_WAITING = 100;
const RETRY_MS = 3_000;

/**
 * `GET /admin/api/events`: server-sent events (HTML, 9.2); ADMIN_EVENTS says which. A session that is over, or was ended
 * somewhere else, ends the stream with the next beat.
 */
export async function liveRoute(app: FastifyInstance, options: LiveRouteOptions): Promise<void> {
  const feed = createLiveFeed({ ...options, log: app.log });
  const answers = createLongAnswers(app);
  app.get(`${ADMIN_API_PATH}/events`, async (request, reply) => {
    if (answers.count() >= MAX_STREAMS) throw new JobError('QUEUE_UNAVAILABLE', 'too many are watching already');
    const leaving = answers.begin(reply);
    const mailbox = createMailbox(leaving);
    const stop = await orUnavailable(() => feed.follow(mailbox.put));
    leaving.addEventListener('abort', stop);
    if (leaving.aborted) stop();
    const events = writeEvents(mailbox, () => isSignedIn(options, request), leaving);
    // One at a time: what waits for somebody who is slow waits in the mailbox, which does not grow.
    const stream = Readable.from(events, { highWaterMark: 1 });
    stream.once('error', (error) => request.log.warn({ err: error }, 'a stream of events broke off'));
    return reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no').send(stream);
  });
}

async function isSignedIn({ redis }: LiveRouteOptions, request: FastifyRequest): Promise<boolean> {
  return (await findOperator(redis, request)) !== undefined;
}

async function* writeEvents(
  mailbox: Mailbox,
  isSignedIn: () => Promise<boolean>,
  leaving: AbortSignal,
): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`;
  while (!leaving.aborted) {
    for (const { name, data } of await mailbox.take()) {
      if (name === 'beat' && !(await isSignedIn())) return;
      yield `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    }
  }
}

interface Mailbox {
  put(event: FeedEvent): void;
  /** All that waits; waits until something does, or the one whose it is leaves. */
  take(): Promise<FeedEvent[]>;
}

/** What waits for somebody who is slow does not grow: of each job, and of the figures, the last news; of too many, that. */
function createMailbox(leaving: AbortSignal): Mailbox {
  let waiting = new Map<string, FeedEvent>();
  let wake = (): void => undefined;
  leaving.addEventListener('abort', () => wake());
  return {
    put(event) {
      for (const [key, part] of splitByJob(event)) waiting.set(key, part);
      if (waiting.size > MAX_WAITING) waiting = new Map([['many', { name: 'many', data: {} }]]);
      wake();
    },
    async take() {
      if (waiting.size === 0 && !leaving.aborted) await new Promise<void>((resolve) => (wake = resolve));
      const taken = [...waiting.values()];
      waiting = new Map();
      return taken;
    },
  };
}

function splitByJob(event: FeedEvent): [string, FeedEvent][] {
  if (event.name === 'jobs') return event.data.map((job) => [job.jobId, { name: 'jobs', data: [job] }]);
  if (event.name === 'gone') return event.data.map((jobId) => [jobId, { name: 'gone', data: [jobId] }]);
  return [[event.name, event]];
}
