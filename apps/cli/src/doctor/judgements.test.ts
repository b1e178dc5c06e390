import { describe, expect, test } from '@jest/globals';
import type { RedisReport } from '@tapedeck/jobs';
import { judgeClock } from './clock.ts';
import { judgeDisk } from './disk.ts';
import { isAtLeast } from './is-at-least.ts';
import { examineNode } from './node.ts';
import { judgeRedis } from './redis.ts';

describe('a version', () => {
  test.each([
    ['22.19.0', '22.19', true],
    ['22.9.0', '22.19', false],
    ['5.1.9', '5.1', true],
    ['10.0', '9.9', true],
    ['4.4.1', '5.1', false],
  ])('%s is at least %s: %s', (version, least, expected) => {
    expect(isAtLeast(version, least)).toBe(expected);
  });

  test('of Node that is too old fails', async () => {
    expect(await examineNode('20.20.2')).toMatchObject([{ verdict: 'fails', what: 'Node 20.20.2 is too old' }]);
    expect(await examineNode('24.0.0')).toMatchObject([{ verdict: 'ok' }]);
  });
});

describe('a disk', () => {
  test.each([
    [79, 'ok'],
    [80, 'warns'],
    [94, 'warns'],
    [95, 'fails'],
  ])('that is %i %% full: %s', (usedBytes, verdict) => {
    expect(judgeDisk('WORK_DIR', { freeBytes: 100 - usedBytes, totalBytes: 100 }).verdict).toBe(verdict);
  });
});

describe('a clock', () => {
  test.each([
    [0, 'ok'],
    [60_000, 'ok'],
    [-60_000, 'ok'],
    [62_000, 'warns'],
    [-3_600_000, 'warns'],
  ])('that is %i ms behind: %s', (aheadMs, verdict) => {
    expect(judgeClock('Redis', aheadMs).verdict).toBe(verdict);
  });

  test('is told which way it is wrong', () => {
    expect(judgeClock('Redis', 90_000).what).toBe('the clock is 90 s behind that of Redis');
    expect(judgeClock('Redis', -90_000).what).toBe('the clock is 90 s ahead of that of Redis');
  });
});

describe('Redis', () => {
  const well: RedisReport = {
    ...{ name: 'Redis 7.2.4', version: '7.2.4', evicts: false, appendsToFile: true, failsToPersist: false },
    ...{ usedBytes: 1024 ** 2, maxBytes: undefined },
  };
  const worst = (changes: Partial<RedisReport>) =>
    judgeRedis({ ...well, ...changes }).find(({ verdict }) => verdict !== 'ok');

  test('that is as it should be has no complaint', () => expect(worst({})).toBeUndefined());

  test.each<[what: string, changes: Partial<RedisReport>, verdict: string, says: RegExp]>([
    ['too old', { name: 'Redis 4.0.9', version: '4.0.9' }, 'fails', /Redis 4\.0\.9 answers, and is too old/],
    ['old', { name: 'Redis 6.0.16', version: '6.0.16' }, 'warns', /Redis 6\.0\.16 answers, and is old/],
    ['unable to write', { failsToPersist: true }, 'fails', /could not write to its disk/],
    ['forgetful', { appendsToFile: false }, 'warns', /no append-only file/],
    ['nearly full', { usedBytes: 80, maxBytes: 100 }, 'warns', /80 % of what it may/],
    ['full', { usedBytes: 96, maxBytes: 100 }, 'fails', /96 % of what it may/],
  ])('that is %s', (_what, changes, verdict, says) => {
    expect(worst(changes)).toMatchObject({ verdict, what: expect.stringMatching(says) });
  });
});
