import { expect, test } from '@jest/globals';
import { createProgressParser, type EncodeProgress } from './progress.ts';

test('blocks are put together from chunks of any size', () => {
  const text =
    'frame=10\nout_time_us=500000\nspeed=2.5x\nprogress=continue\nframe=10\nout_time_us=500000\nspeed=N/A\nprogress=end\n';
  for (const size of [1, 7, 1000]) {
    const seen: EncodeProgress[] = [];
    const parse = createProgressParser((progress) => seen.push(progress));
    for (let at = 0; at < text.length; at += size) parse(text.slice(at, at + size));
    expect(seen).toEqual(
      [
        { frame: 10, outTimeSec: 0.5, speed: 2.5, advanced: true },
        { frame: 10, outTimeSec: 0.5, speed: undefined, advanced: true },
      ].map((progress, index) => ({ ...progress, advanced: index === 0 })),
    );
  }
});

test('an out time before the first picture is zero', () => {
  const seen: EncodeProgress[] = [];
  createProgressParser((progress) => seen.push(progress))('out_time_us=-9223372036854775807\nprogress=continue\n');
  expect(seen[0]).toMatchObject({ frame: 0, outTimeSec: 0 });
});
