import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { createLongAnswers } from '../long-answers.ts';

/** How often whoever waits hears of it. */
const TELL_MS = 250;

export interface LineStreams {
  /**
   * Answers with lines of JSON (NDJSON), or empty ones, while the work goes on: what `take` has since it was last asked;
   * `isOver` says that it is asked for the last time. The work is to stop when the signal says so: whoever asked has
   * hung up, or the server stops.
   */
  send(
    reply: FastifyReply,
    take: (isOver: boolean) => readonly object[],
    work: (signal: AbortSignal) => Promise<void>,
  ): FastifyReply;
}

export function createLineStreams(app: FastifyInstance): LineStreams {
  const answers = createLongAnswers(app);
  return {
    send(reply, take, work) {
      const signal = answers.begin(reply);
      const working = work(signal);
      // Whoever has hung up reads nothing, and so hears nothing of its failure either.
      working.catch((error: unknown) => {
        if (!signal.aborted) reply.log.warn({ err: error }, 'what was asked for broke off');
      });
      const stream = Readable.from(tell(take, working, signal));
      stream.once('error', () => undefined);
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
  // It is waited for below, as long as somebody reads.
  ended.catch(() => undefined);
  for (let isOver = false; !isOver;) {
    isOver = await Promise.race([ended, sleep(TELL_MS, false, { signal })]);
    const lines = take(isOver).map((line) => JSON.stringify(line));
    // An empty one, where there is nothing to tell, says that the work goes on.
    yield `${lines.join('\n')}\n`;
  }
}
