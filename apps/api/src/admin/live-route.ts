import { Readable } from 'node:stream';
import { JobError } from '@tapedeck/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { orUnavailable } from '../job-access.ts';
import { createLiveFeed, type FeedEvent, type LiveFeedOptions } from './live-feed.ts';
import { ADMIN_API_PATH } from './paths.ts';
import { findOperator } from './session.ts';

export type LiveRouteOptions = Omit<LiveFeedOptions, 'log'>;

/** Each holds a connection of this process. */
const MAX_STREAMS = 200;
/** For one who does not read: more than that, and it is told to ask anew. */
const MAX_WAITING = 100;
const RETRY_MS = 3_000;

/**
 * `GET /admin/api/events`: server-sent events (HTML, 9.2); ADMIN_EVENTS says which. A session that is over, or was ended
 * somewhere else, ends the stream with the next beat.
 */
export async function liveRoute(app: FastifyInstance, options: LiveRouteOptions): Promise<void> {
  const feed = createLiveFeed({ ...options, log: app.log });
  const watching = new Set<AbortController>();
  // A server that waited for its streams to end would wait for ever.
  app.addHook('preClose', async () => watching.forEach((leaving) => leaving.abort()));

  app.get(`${ADMIN_API_PATH}/events`, async (request, reply) => {
    if (watching.size >= MAX_STREAMS) throw new JobError('QUEUE_UNAVAILABLE', 'too many are watching already');
    const leaving = new AbortController();
    watching.add(leaving);
    reply.raw.once('close', () => {
      leaving.abort();
      watching.delete(leaving);
    });
    const mailbox = createMailbox(leaving.signal);
    const stop = await orUnavailable(() => feed.follow(mailbox.put));
    leaving.signal.addEventListener('abort', stop);
    if (leaving.signal.aborted) stop();
    const stream = Readable.from(writeEvents(mailbox, () => isSignedIn(options, request), leaving.signal));
    stream.once('error', (error) => request.log.warn({ err: error }, 'a stream of events broke off'));
    stream.once('close', () => leaving.abort());
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

/** What waits for somebody who is slow does not grow: then it only says that there was more. */
function createMailbox(leaving: AbortSignal): Mailbox {
  let waiting: FeedEvent[] = [];
  let wake = (): void => undefined;
  leaving.addEventListener('abort', () => wake());
  return {
    put(event) {
      waiting = waiting.length < MAX_WAITING ? [...waiting, event] : [{ name: 'many', data: {} }];
      wake();
    },
    async take() {
      if (waiting.length === 0 && !leaving.aborted) await new Promise<void>((resolve) => (wake = resolve));
      const taken = waiting;
      waiting = [];
      return taken;
    },
  };
}
