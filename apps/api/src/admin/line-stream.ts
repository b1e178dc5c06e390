import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** How often whoever waits hears of it. */
const TELL_MS = 250;

export interface LineStreams {
  /**
   * Answers with lines of JSON (NDJSON), or empty ones, while the work goes on: what `take` has since it was last asked;
   * `isOver` says that it is asked for the last time. The work is to stop when the signal says so: whoever asked has hung up, or the
   * server stops.
   */
  send(
    reply: FastifyReply,
    take: (isOver: boolean) => readonly object[],
    work: (signal: AbortSignal) => Promise<void>,
  ): FastifyReply;
}

export function createLineStreams(app: FastifyInstance): LineStreams {
  const running = new Set<AbortController>();
  // A server that waited for it to end would wait for hours.
  app.addHook('preClose', async () => running.forEach((stop) => stop.abort(new Error('the server stops'))));
  return {
    send(reply, take, work) {
      const stop = new AbortController();
      running.add(stop);
      reply.raw.once('close', () => {
        stop.abort(new Error('nobody waits for it any more'));
        running.delete(stop);
      });
      const stream = Readable.from(tell(take, work(stop.signal), stop.signal));
      stream.once('error', (error) => {
        if (!stop.signal.aborted) reply.log.warn({ err: error }, 'what was asked for broke off');
      });
      return reply.header('content-type', 'application/x-ndjson').header('x-accel-buffering', 'no').send(stream);
    },
  };
}

async function* tell(
  take: (isOver: boolean) => readonly object[],
  working: Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const ended = working.then(() => true);
  // Heard of below; also when nobody reads on.
  ended.catch(() => undefined);
  for (let isOver = false; !isOver;) {
    isOver = await Promise.race([ended, sleep(TELL_MS, false, { signal })]);
    const lines = take(isOver).map((line) => JSON.stringify(line));
    // An empty one, where there is nothing to tell, says that the work goes on.
    yield `${lines.join('\n')}\n`;
  }
}
