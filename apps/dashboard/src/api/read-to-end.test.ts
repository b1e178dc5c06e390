import { expect, test } from '@jest/globals';
import { UnreachableError } from './client.ts';
import { readUntilOver } from './read-to-end.ts';

interface Line {
  seen: number;
  isOver: boolean;
}

async function hear(body: BodyInit): Promise<{ heard: Line[]; error: unknown }> {
  const heard: Line[] = [];
  const error = await readUntilOver<Line>(new Response(body), (line) => heard.push(line)).catch(
    (thrown: unknown) => thrown,
  );
  return { heard, error };
}

/** @param error what the connection ends with; undefined for its end */
function streamOf(pieces: readonly string[], error?: Error): ReadableStream<Uint8Array> {
  const rest = pieces.map((piece) => new TextEncoder().encode(piece));
  return new ReadableStream({
    pull(controller) {
      const piece = rest.shift();
      if (piece) controller.enqueue(piece);
      else if (error) controller.error(error);
      else controller.close();
    },
  });
}

const FIRST = '{"seen":1,"isOver":false}\n';

test('lines are told in whatever pieces they come, and what comes after the end is not', async () => {
  const pieces = ['{"seen":1,"isO', 'ver":false}\n\n{"seen":2,', '"isOver":true}\n{"seen":3,"isOver":false}\n'];
  const { heard, error } = await hear(streamOf(pieces));
  expect(error).toBeUndefined();
  expect(heard.map(({ seen }) => seen)).toEqual([1, 2]);
});

test('an answer that ends without saying so broke off, in a line or between two', async () => {
  for (const rest of ['', '{"seen":2,']) {
    const { heard, error } = await hear(FIRST + rest);
    expect(heard).toHaveLength(1);
    expect(error).toBeInstanceOf(UnreachableError);
  }
});

test('a connection that is lost is told in words', async () => {
  const { heard, error } = await hear(streamOf([FIRST], new TypeError('network error')));
  expect(heard).toHaveLength(1);
  expect(error).toMatchObject({ message: expect.stringContaining('broke off'), cause: { message: 'network error' } });
});
