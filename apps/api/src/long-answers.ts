import type { FastifyInstance, FastifyReply } from 'fastify';

/** Answers that go on for as long as somebody listens. */
export interface LongAnswers {
  /** @returns what is aborted when nobody listens any more, or the server stops: also where that was so before */
  begin(reply: FastifyReply): AbortSignal;
  /** How many go on. */
  count(): number;
}

/** A server that waited for them to end would wait for ever. */
export function createLongAnswers(app: FastifyInstance): LongAnswers {
  const open = new Set<AbortController>();
  app.addHook('preClose', async () => open.forEach((answer) => answer.abort(new Error('the server stops'))));
  return {
    begin({ raw }) {
      const answer = new AbortController();
      const end = (): void => {
        open.delete(answer);
        answer.abort(new Error('nobody waits for it any more'));
      };
      // Somebody may have hung up before the route was reached: that is told to nobody again.
      if (raw.destroyed) end();
      else {
        open.add(answer);
        raw.once('close', end);
      }
      return answer.signal;
    },
    count: () => open.size,
  };
}
