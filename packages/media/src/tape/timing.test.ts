import { describe, expect, test } from '@jest/globals';
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

  test('with a bare NaN is refused like any other senseless entry', () => {
    const text = '[{"frame":0,"duration":10},{"frame":1,"duration":NaN}]';
    expect(() => parseTapeTiming(text, undefined, layout)).toThrow(expect.objectContaining({ details: { index: 1 } }));
  });

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
