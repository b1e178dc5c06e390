import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createEventParser } from './event-stream.ts';

const parse = (...pieces: string[]): string[] => pieces.flatMap(createEventParser());

describe('an event stream', () => {
  test.each([
    ['LF', 'data: one\n\ndata: two\n\n', ['one', 'two']],
    ['CRLF', 'data: one\r\n\r\ndata: two\r\n\r\n', ['one', 'two']],
    ['CR', 'data: one\r\rdata: two\r\r', ['one', 'two']],
    ['several lines of data', 'data: one\ndata: two\ndata\n\n', ['one\ntwo\n']],
    ['comments and fields that are nothing to us', ': hello\nretry: 10\nid: 7\ndata: one\n\n', ['one']],
    ['no space, and only the first of two', 'data:one\n\ndata:  two\n\n', ['one', ' two']],
    ['an event without data', 'id: 7\n\ndata: one\n\n', ['one']],
    ['an event of another name', 'event: bye\ndata: one\n\nevent: message\ndata: two\n\n', ['two']],
    ['an event that is not complete', 'data: one\n\ndata: two\n', ['one']],
  ])('with %s is read', (_what, text, events) => {
    expect(parse(text)).toEqual(events);
  });

  test('in pieces, cut anywhere, is the same', () => {
    const line = fc.constantFrom(
      'data: one',
      'data',
      ': ping',
      'id: 1',
      'event: x',
      'event: message',
      '',
      '',
      'data: {}',
    );
    const end = fc.constantFrom('\n', '\r\n', '\r');
    const stream = fc.array(fc.tuple(line, end)).map((lines) => lines.flat().join(''));
    fc.assert(
      fc.property(stream, fc.array(fc.nat({ max: 12 }), { minLength: 1 }), (text, sizes) => {
        const pieces: string[] = [];
        for (let at = 0, next = 0; at < text.length; next += 1) {
          const size = sizes[next % sizes.length]! + 1;
          pieces.push(text.slice(at, at + size));
          at += size;
        }
        expect(parse(...pieces)).toEqual(parse(text));
      }),
    );
  });

  test('gives an event with the piece that ends it, and does not wait for the next one', () => {
    const parser = createEventParser();
    expect([parser('data: one\r'), parser('\r'), parser('\ndata: two\n'), parser('\n')]).toEqual([
      [],
      ['one'],
      [],
      ['two'],
    ]);
  });
});

test.each([
  ['one line', 'x'.repeat(64 * 1024)],
  ['lines without an end of the event', `data: ${'x'.repeat(64 * 1024)}\n`],
  ['empty lines', 'data\n'.repeat(64 * 1024)],
])('an event without end is not kept: %s', (_what, piece) => {
  const parse = createEventParser();
  const readAll = (): void => {
    for (let count = 0; count < 100; count += 1) parse(piece);
  };
  expect(readAll).toThrow(expect.objectContaining({ code: 'UNEXPECTED_ANSWER' }));
});
