import { describe, expect, test } from '@jest/globals';
import { JobError } from '@tapedeck/contracts';
import fc from 'fast-check';
import { findTapeLayout } from './layout.ts';
import { parseTapeTiming } from './timing.ts';

const layout = findTapeLayout(['timing.json', 'frame-0.png', 'frame-1.png', 'frame-2.png', 'frame-10.png']);
const parse = (rows: unknown, metadata?: unknown) => parseTapeTiming(JSON.stringify(rows), metadata, layout);
const starts = (timing: ReturnType<typeof parse>) => timing.frames.map(({ startMs }) => startMs);

describe('timing.json', () => {
  test('is read by its timestamps where they and the durations agree', () => {
    const timing = parse([
      { filename: 'frame-0.png', timestamp: 1000, duration: 40 },
      { filename: 'frame-1.png', timestamp: 1040, duration: 10 },
      { filename: 'frame-2.png', timestamp: 1041.5, duration: 16.67 },
    ]);
    expect(timing).toMatchObject({ source: 'timestamps', totalMs: 41.5 + 16.67 });
    expect(starts(timing)).toEqual([0, 40, 41.5]);
  });

  test('is read by its durations where the timestamps say something else', () => {
    const timing = parse([
      { filename: 'frame-0.png', timestamp: 0, duration: 100 },
      { filename: 'frame-1.png', timestamp: 33, duration: 100 },
    ]);
    expect(timing).toMatchObject({ source: 'durations', totalMs: 200 });
    expect(starts(timing)).toEqual([0, 100]);
  });

  test('is read by its durations where timestamps run backwards', () => {
    const timing = parse([
      { filename: 'frame-0.png', timestamp: 50, duration: 10 },
      { filename: 'frame-1.png', timestamp: 10, duration: 10 },
    ]);
    expect(timing.source).toBe('durations');
  });

  test('finds frames by name, by name without its folder, by number, by place', () => {
    const timing = parse([
      { filename: 'frames/frame-2.png', duration: 10 },
      { frame: 3, duration: 10 },
      { duration: 10 },
      { filename: 'frame-0.png', duration: 10 },
    ]);
    expect(timing.frames.map(({ name }) => name)).toEqual([
      'frame-2.png',
      'frame-10.png',
      'frame-2.png',
      'frame-0.png',
    ]);
  });

  test.each([
    ['a string duration', [{ frame: 0, duration: 'long' }], 0],
    [
      'a negative duration',
      [
        { frame: 0, duration: 10 },
        { frame: 1, duration: -1 },
      ],
      1,
    ],
    ['an endless duration', [{ frame: 0, duration: 1e12 }], 0],
    ['neither duration nor timestamp', [{ frame: 0 }], 0],
    ['no object', [{ frame: 0, duration: 10 }, 7], 1],
    [
      'a gap of years',
      [
        { frame: 0, timestamp: 0 },
        { frame: 1, timestamp: 1e12 },
      ],
      1,
    ],
    [
      'a duration of null beside a timestamp',
      [
        { frame: 0, timestamp: 0, duration: 10 },
        { frame: 1, timestamp: 10, duration: null },
      ],
      1,
    ],
  ])('with %s is refused with the index of the entry', (_what, rows, index) => {
    expect(() => parse(rows)).toThrow(expect.objectContaining({ code: 'ARCHIVE_TIMING_INVALID', details: { index } }));
  });

  const first = '{"frame":0,"duration":10}';
  test.each([
    ['a bare NaN', `[${first},{"frame":1,"duration":NaN}]`, 1],
    ['a bare -Infinity', `[${first},{"frame":1,"duration": -Infinity}]`, 1],
    ['a number beyond all numbers', `[${first},{"frame":1,"duration":1e999}]`, 1],
    ['timestamps from end to end of the numbers', '[{"timestamp":-1e308},{"timestamp":1e308}]', 1],
    ['__proto__ in the place of its fields', `[${first},{"__proto__":{"frame":1,"duration":10}}]`, 1],
    ['a fraction of a frame', `[${first},{"frame":0.5,"duration":10}]`, 1],
    ['a name of a page', `[${first},{"filename":"${'x'.repeat(1025)}","duration":10}]`, 1],
    ['a hundred thousand levels', `[${first},${'['.repeat(100_000)}${']'.repeat(100_000)}]`, 1],
    ['more entries than a tape can have', `[${Array<string>(40_001).fill(first).join(',')}]`, 40_000],
  ])('with %s is refused with the index of the entry', (_what, text, index) => {
    expect(() => parseTapeTiming(text, undefined, layout)).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_TIMING_INVALID', details: { index } }),
    );
  });

  test.each(['__proto__', 'constructor', '../../etc/passwd', 'frame-0.png\u0000', ''.padEnd(1024, 'x')])(
    'that names the unknown file %j is refused with the index',
    (filename) => {
      expect(() =>
        parse([
          { frame: 0, duration: 10 },
          { filename, duration: 10 },
        ]),
      ).toThrow(expect.objectContaining({ code: 'ARCHIVE_FRAME_MISSING', details: { index: 1 } }));
    },
  );

  test('that names an unknown file is refused with the index', () => {
    const rows = [
      { filename: 'frame-0.png', duration: 10 },
      { filename: '/etc/passwd', duration: 10 },
    ];
    expect(() => parse(rows)).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_FRAME_MISSING', details: { index: 1 } }),
    );
  });
});

test('a byte order mark is no fault', () => {
  expect(parseTapeTiming('\uFEFF[{"frame":0,"duration":300}]', undefined, layout)).toMatchObject({ totalMs: 300 });
});

test('white space by the megabyte costs no time', () => {
  const startedAt = performance.now();
  expect(parseTapeTiming(`[${' '.repeat(4_000_000)}NaN`, undefined, layout).source).toBe('guessed');
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

describe('without a timing.json that can be read, timing is guessed', () => {
  test.each([undefined, '', '{', '{}', '[]', 'null'])('timing.json: %j', (text) => {
    expect(parseTapeTiming(text, undefined, layout)).toMatchObject({ source: 'guessed', totalMs: 4 * (1000 / 60) });
  });

  test.each([
    [{ totalDuration: 4, frameCount: 120 }, 1000 / 30],
    [{ totalDuration: 4000, frameCount: 120 }, 1000 / 30],
    [{ totalDuration: 2, frames: 50 }, 40],
    [{ fps: 25 }, 40],
    [{ totalDuration: 1e9, frameCount: 120 }, 1000 / 60],
    [{ totalDuration: 'x' }, 1000 / 60],
  ])('%j means %f ms a frame', (metadata, frameMs) => {
    const timing = parseTapeTiming(undefined, metadata, layout);
    expect(timing.frames[1]!.startMs).toBeCloseTo(frameMs, 6);
  });

  test('frames are shown in natural order', () => {
    expect(
      parseTapeTiming(undefined, undefined, layout)
        .frames.map(({ name }) => name)
        .at(-1),
    ).toBe('frame-10.png');
  });
});

/** Numbers that JSON can say and that are rarely thought of, words that are no numbers, and every other kind of value. */
const oddValue = fc.oneof(
  fc.constantFrom('NaN', '-Infinity', '1e999', '-0', '1e308', '-1', '1e12', '1e-320', 'null', '""', '[]', '{}'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.json({ maxDepth: 3 }),
);
const oddEntry = fc
  .array(fc.tuple(fc.constantFrom('frame', 'filename', 'duration', 'timestamp', '__proto__'), oddValue))
  .map((fields) => `{${fields.map(([name, value]) => `"${name}":${value}`).join(',')}}`);
const entry = fc
  .record({ frame: fc.nat(3), duration: fc.double({ min: 0, max: 3_600_000, noNaN: true }) })
  .map((fields) => JSON.stringify(fields));
const timingText = fc.oneof(
  fc.array(fc.oneof(entry, oddEntry), { maxLength: 8 }).map((entries) => `[${entries.join(',')}]`),
  fc.array(entry, { maxLength: 8 }).map((entries) => `[${entries.join(',')}]`),
  fc.json(),
  fc.string(),
);

test('any timing.json is refused with an index, or read as times that are finite and never fall', () => {
  fc.assert(
    fc.property(timingText, fc.json(), (text, metadata) => {
      const timing = parseOrRefuse(text, JSON.parse(metadata));
      if (!timing) return;
      const times = [...timing.frames.map(({ startMs }) => startMs), timing.totalMs];
      expect(times.every((time) => Number.isFinite(time) && time >= 0)).toBe(true);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(timing.totalMs).toBeGreaterThan(0);
      for (const { name } of timing.frames) expect(layout.frameNames).toContain(name);
    }),
    { numRuns: 2000 },
  );
});

function parseOrRefuse(text: string, metadata: unknown): ReturnType<typeof parseTapeTiming> | undefined {
  try {
    return parseTapeTiming(text, metadata, layout);
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    expect(error.code).toMatch(/^ARCHIVE_(TIMING_INVALID|FRAME_MISSING)$/);
    expect(error.details).toMatchObject({ index: expect.any(Number) });
    return undefined;
  }
}
