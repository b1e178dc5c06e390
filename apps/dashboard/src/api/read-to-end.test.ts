import { afterEach, expect, test } from '@jest/globals';
import { ProblemError, UnreachableError } from './client.ts';
import { readToEnd, type ReadToEndOptions } from './read-to-end.ts';

interface Line {
  seen: number;
  isOver: boolean;
}

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

/** Answers these pieces, and then ends, breaks with an error, or is silent until it is given up. */
function answer(pieces: readonly string[], then: 'ends' | 'is silent' | Error): void {
  globalThis.fetch = async (_url, init) => {
    const rest = pieces.map((piece) => new TextEncoder().encode(piece));
    const body = new ReadableStream({
      pull(controller) {
        const piece = rest.shift();
        if (piece) return controller.enqueue(piece);
        if (then instanceof Error) return controller.error(then);
        if (then === 'ends') return controller.close();
        init!.signal!.addEventListener('abort', () => controller.error(init!.signal!.reason));
      },
    });
    return new Response(body);
  };
}

async function hear(options: Partial<ReadToEndOptions<Line>> = {}): Promise<{ heard: number[]; error: unknown }> {
  const heard: number[] = [];
  const stop = new AbortController().signal;
  const reading = readToEnd<Line>('/api/bulk', {}, { stop, onLine: ({ seen }) => heard.push(seen), ...options });
  const error = await reading.catch((thrown: unknown) => thrown);
  return { heard, error };
}

const FIRST = '{"seen":1,"isOver":false}\n';

test('lines are told in whatever pieces they come, and what comes after the end is not', async () => {
  const pieces = ['{"seen":1,"isO', 'ver":false}\n\n{"seen":2,', '"isOver":true}\n{"seen":3,"isOver":false}\n'];
  answer(pieces, 'ends');
  expect(await hear()).toEqual({ heard: [1, 2], error: undefined });
});

test.each(['', '{"seen":2,'])('an answer that ends without saying so broke off, with %j', async (rest) => {
  answer([FIRST + rest], 'ends');
  const { heard, error } = await hear();
  expect(heard).toEqual([1]);
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error).toMatchObject({ message: expect.stringContaining('broke off') });
});

test('a connection that is lost is told in words', async () => {
  answer([FIRST], new TypeError('network error'));
  const { error } = await hear();
  expect(error).toMatchObject({ message: expect.stringContaining('broke off'), cause: { message: 'network error' } });
});

test('it is given up when nothing is heard of it, and not before', async () => {
  answer([FIRST], 'is silent');
  const { heard, error } = await hear({ silenceMs: 50 });
  expect(heard).toEqual([1]);
  expect(error).toMatchObject({ message: 'Nothing is heard of it any more.' });
});

test('whoever stops it gets his own reason back', async () => {
  answer([FIRST], 'is silent');
  const stop = new AbortController();
  const reason = new Error('enough');
  const { error } = await hear({ stop: stop.signal, onLine: () => stop.abort(reason) });
  expect(error).toBe(reason);
});

test('what the API has refused is told as the API says it', async () => {
  const problem = { code: 'FORBIDDEN', detail: 'a viewer may look', status: 403, title: '', type: '' };
  globalThis.fetch = async () =>
    new Response(JSON.stringify(problem), { status: 403, headers: { 'content-type': 'application/problem+json' } });
  const { error } = await hear();
  expect(error).toBeInstanceOf(ProblemError);
});
