import { describe, expect, test } from '@jest/globals';
import { parseConvertRequest } from './convert-request.ts';
import { resolveLadder } from './ladder.ts';

const body = (changes: object = {}) => ({
  id: 'video-1',
  bucket: 'media',
  slug: 'video-1',
  videoUrl: 'https://example.com/a.mov',
  callbackUrl: 'https://example.com/done',
  ...changes,
});
const issuesOf = (changes: object) => {
  const parsed = parseConvertRequest(body(changes));
  return parsed.ok ? [] : parsed.issues.map(({ path, message }) => `${path}: ${message}`);
};

describe('a request for a stream', () => {
  test('is known by its videoUrl', () => {
    const parsed = parseConvertRequest(body());
    expect(parsed).toMatchObject({
      ok: true,
      request: { kind: 'hls', reference: 'video-1', options: { storyboard: false } },
    });
  });

  test('takes a storyboard by option, beside the ladder as well', () => {
    for (const changes of [{ options: { storyboard: true } }, { storyboard: true }]) {
      expect(parseConvertRequest(body(changes))).toMatchObject({ request: { options: { storyboard: true } } });
    }
  });

  test.each([
    [{ ladder: 'cinema' }, 'ladder: expected "mobile", "mobile-1080", "web" or a list of rungs, got "cinema"'],
    [{ slug: 'half \ud800' }, 'slug: expected no control characters, no half characters and no backslash'],
    [{ slug: 'a/../b' }, 'slug: expected no empty'],
    [{ ladder: [] }, 'ladder: '],
    [{ ladder: 7 }, 'ladder: expected "mobile"'],
    [{ ladder: [{ name: 'a' }] }, 'ladder.0.height: expected number'],
    [{ ladder: [{ name: 'A/b', height: 100 }] }, 'ladder.0.name: expected 1 to 32 of a-z'],
    [{ ladder: [{ name: '..', height: 100 }] }, 'ladder.0.name: '],
    [{ ladder: [{ name: 'a', height: 1e9 }] }, 'ladder.0.height: '],
    [{ ladder: [{ name: 'a', height: 100, crf: -1 }] }, 'ladder.0.crf: '],
    [{ ladder: [{ name: 'a', height: 100, width: 9 }] }, 'ladder.0: '],
    [
      {
        ladder: [
          { name: 'a', height: 100 },
          { name: 'a', height: 50 },
        ],
      },
      'ladder: expected rungs of different names',
    ],
    [{ ladder: Array.from({ length: 7 }, (_, n) => ({ name: `r${n}`, height: 100 + n })) }, 'ladder: '],
    [{ options: { timing: 'exact' } }, 'options: '],
    [{ id: undefined }, 'id: expected id or mongoId, got nothing'],
    [{ type: 'tape' }, 'type: expected "hls"'],
  ])('%j is refused by name', (changes, says) => {
    expect(issuesOf(changes)).toEqual([expect.stringContaining(says)]);
  });
});

test('a rung of one’s own gets what it leaves out, near what mobile has', () => {
  const { rungs } = resolveLadder([
    { name: 'low', height: 480 },
    { name: 'high', height: 720 },
  ]);
  expect(rungs.map(({ name, crf, audioKbps }) => [name, crf, audioKbps])).toEqual([
    ['high', 28, 128],
    ['low', 28, 128],
  ]);
  expect(rungs[0].bitrateKbps).toBe(2500);
  expect(rungs[1]!.bitrateKbps).toBeGreaterThan(1100);
  expect(rungs[1]!.bitrateKbps).toBeLessThan(1300);
});
