import { afterEach, expect, test } from '@jest/globals';
import type { BulkProgress } from '@tapedeck/contracts';
import { runBulk, type RunBulkOptions } from './bulk-run.ts';

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

const at = (seen: number, isOver = false): BulkProgress => ({
  ...{ total: 3, seen, done: seen, skipped: 0, failed: 0, lastProblem: null, isOver },
});

/** Answers these lines, and then nothing: it ends, or is silent until it is given up. */
function answer(lines: readonly BulkProgress[], { ends }: { ends: boolean }): void {
  globalThis.fetch = async (_url, init) => {
    const body = new ReadableStream({
      start(controller) {
        lines.forEach((line) => controller.enqueue(new TextEncoder().encode(`${JSON.stringify(line)}\n`)));
        if (ends) controller.close();
        else init!.signal!.addEventListener('abort', () => controller.error(init!.signal!.reason));
      },
    });
    return new Response(body);
  };
}

async function run(options: Partial<RunBulkOptions> = {}): Promise<number[]> {
  const seen: number[] = [];
  const signal = new AbortController().signal;
  await runBulk({ action: 'retry', filter: {} }, { signal, onProgress: (line) => seen.push(line.seen), ...options });
  return seen;
}

test('every line is told, until it is over', async () => {
  answer([at(1), at(2), at(3, true)], { ends: true });
  expect(await run()).toEqual([1, 2, 3]);
});

test('an answer that ends before it is over has broken off', async () => {
  answer([at(1), at(2)], { ends: true });
  await expect(run()).rejects.toThrow('The answer broke off.');
});

test('it is given up when nothing is heard of it', async () => {
  answer([at(1)], { ends: false });
  await expect(run({ silenceMs: 50 })).rejects.toThrow('Nothing is heard of it any more.');
});

test('whoever stops it gets his own reason back', async () => {
  answer([at(1)], { ends: false });
  const stop = new AbortController();
  const reason = new Error('enough');
  await expect(run({ signal: stop.signal, onProgress: () => stop.abort(reason) })).rejects.toBe(reason);
});
