import { afterEach, expect, test } from '@jest/globals';
import { ask, UnreachableError } from './client.ts';

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

/** Nothing comes, or an answer that does not go on, until it is called off. */
function beSilent(after: 'the question' | 'the head'): void {
  globalThis.fetch = async (_url, init) => {
    const signal = init!.signal!;
    const end = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
    if (after === 'the question') return end;
    return new Response(new ReadableStream({ start: (controller) => void end.catch((e) => controller.error(e)) }));
  };
}

test.each(['the question', 'the head'] as const)('silence after %s ends, and is told in words', async (after) => {
  beSilent(after);
  const asked = ask('/api/stats', { signal: new AbortController().signal }, 20);
  await expect(asked).rejects.toBeInstanceOf(UnreachableError);
});

test.each(['the question', 'the head'] as const)('who calls it off after %s hears his own reason', async (after) => {
  beSilent(after);
  const controller = new AbortController();
  const asked = ask('/api/stats', { signal: controller.signal });
  const reason = new Error('not wanted any more');
  setImmediate(() => controller.abort(reason));
  await expect(asked).rejects.toBe(reason);
});
