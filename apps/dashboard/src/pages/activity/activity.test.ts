import { expect, test } from '@jest/globals';
import { isJobId } from '../../ui/job-id.ts';
import { describeAction } from './describe-action.ts';
import { groupByDay } from './describe-activity.ts';
import { buildViewUrl, parseView } from './view.ts';

test('what the page shows is in its URL, and comes back out of it', () => {
  for (const view of [
    { show: 'jobs', before: undefined },
    { show: 'audit', before: undefined },
    { show: 'audit', before: '1764-0 & more' },
  ] as const) {
    expect(parseView(buildViewUrl(view).split('?')[1] ?? '')).toEqual(view);
  }
  expect(parseView('show=nonsense&before=1')).toEqual({ show: 'jobs', before: undefined });
  expect(parseView('show=audit&before=')).toEqual({ show: 'audit', before: undefined });
});

test('what happened on one day is together, in its order', () => {
  const at = (text: string) => ({ atMs: new Date(text).getTime() });
  const [late, early, before] = [at('2026-02-02T23:59'), at('2026-02-02T00:01'), at('2026-02-01T23:59')];
  expect(groupByDay([late, early, before]).map(({ entries }) => entries)).toEqual([[late, early], [before]]);
});

test('an action is told in words where they are known, also one that is called as a method of objects', () => {
  expect(describeAction('job.cancel')).toBe('cancel a job');
  expect(describeAction('job.fly')).toBeUndefined();
  expect(describeAction('toString')).toBeUndefined();
});

test('only what is a job has a page', () => {
  expect(['tape_1', 'hls_2', 'conversions', 'host-1-tape_1', ''].map(isJobId)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
