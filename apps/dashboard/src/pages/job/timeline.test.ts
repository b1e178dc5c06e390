import { expect, test } from '@jest/globals';
import type { Happening, HistoryEntry } from '@tapedeck/contracts';
import { buildTimeline, layOutPhases, measureMs, type TimelineAttempt, type TimelineItem } from './timeline.ts';

/** Each line ten milliseconds after the one before it. */
const lines = (...happenings: Happening[]): HistoryEntry[] =>
  happenings.map((happening, index) => ({ ...happening, atMs: 1_000 + index * 10 }));

const isAttempt = (item: TimelineItem): item is TimelineAttempt => item.what === 'attempt';
const attemptsOf = (history: readonly HistoryEntry[]): TimelineAttempt[] =>
  buildTimeline(history, 1).flatMap(({ items }) => items.filter(isAttempt));

const begun = (attempt: number): Happening => ({ what: 'attempt', attempt, workerId: `worker-${attempt}` });
const phase = (attempt: number, name: 'download' | 'encode'): Happening => ({ what: 'phase', attempt, phase: name });
const failure = { code: 'SOURCE_NOT_FOUND', message: 'it answers 404', phase: 'download' } as const;

test('each phase ends where the next one begins, and the last one with its attempt', () => {
  const [attempt] = attemptsOf(
    lines({ what: 'accepted' }, begun(1), phase(1, 'download'), phase(1, 'encode'), { what: 'completed' }),
  );
  expect(attempt).toEqual({
    ...{ what: 'attempt', attempt: 1, workerId: 'worker-1', startMs: 1_010, waitedMs: 10 },
    phases: [
      { phase: 'download', startMs: 1_020, endMs: 1_030 },
      { phase: 'encode', startMs: 1_030, endMs: 1_040 },
    ],
    ending: { how: 'completed', atMs: 1_040, failure: null },
  });
});

test('what goes on has no end, and takes longer by the clock', () => {
  const [attempt] = attemptsOf(lines(begun(1), phase(1, 'download')));
  expect(attempt!.ending).toBeNull();
  expect(measureMs(attempt!.phases[0]!, 5_010)).toBe(4_000);
  expect(measureMs(attempt!.phases[0]!, 0)).toBe(0);
  expect(layOutPhases(attempt!, 1_020)).toEqual([{ from: 0.5, to: 1 }]);
});

test('a failed attempt tells why, and the job that failed of it does not say it again', () => {
  const [run] = buildTimeline(
    lines(
      begun(1),
      phase(1, 'download'),
      { what: 'attempt-failed', attempt: 1, ...failure },
      { what: 'failed', ...failure },
    ),
    1,
  );
  expect(run!.items).toEqual([
    expect.objectContaining({ what: 'attempt', ending: { how: 'failed', atMs: 1_020, failure } }),
    { what: 'note', atMs: 1_030, text: 'The job failed', failure: null },
  ]);
});

test('a job that is failed from outside ends its attempt', () => {
  const [attempt] = attemptsOf(lines(begun(1), { what: 'failed', ...failure }));
  expect(attempt!.ending).toEqual({ how: 'failed', atMs: 1_010, failure });
});

test('an attempt that another one follows without an end was lost; one that was handed back was not', () => {
  const how = attemptsOf(lines(begun(1), begun(2), { what: 'handed-back' }, begun(2))).map(({ ending }) => ending?.how);
  expect(how).toEqual(['lost', 'handed-back', undefined]);
});

test('a retry and a return begin runs, which are counted back from the last', () => {
  const history = lines({ what: 'accepted' }, begun(1), { what: 'canceled' }, { what: 'retried' }, begun(1), {
    what: 'put-back',
  });
  expect(buildTimeline(history, 7).map(({ run, begunBy }) => [run, begunBy])).toEqual([
    [5, 'accepted'],
    [6, 'retried'],
    [7, 'put-back'],
  ]);
});

const putBack = (run?: number): Happening => ({ what: 'put-back', ...(run !== undefined && { run }) });
const retold = 'Put back into the queue: nobody worked on it';

test.each([
  ['its run says so', [{ what: 'accepted' }, begun(1), putBack(1)], null],
  ['it is heard of again, and no run is told', [begun(1), putBack(), phase(1, 'encode')], null],
  ['it is heard of again, and the run before is not known', [begun(1), putBack(4), { what: 'completed' }], 'completed'],
] satisfies [string, Happening[], unknown][])('an entry that was put there again begins no run: %s', (_, told, how) => {
  const runs = buildTimeline(lines(...told), 1);
  expect(runs).toHaveLength(1);
  expect(runs[0]!.items.filter(isAttempt).map(({ ending }) => ending?.how ?? null)).toEqual([how]);
  expect(runs[0]!.items).toContainEqual(expect.objectContaining({ text: retold }));
});

test('a job that was taken from its attempt begins a run, and only the first time', () => {
  const history = lines({ what: 'accepted' }, begun(1), putBack(2), putBack(2), begun(2), { what: 'completed' });
  const runs = buildTimeline(history, 2);
  expect(runs.map(({ run, begunBy }) => [run, begunBy])).toEqual([
    [1, 'accepted'],
    [2, 'put-back'],
  ]);
  expect(attemptsOf(history).map(({ ending }) => ending?.how)).toEqual(['lost', 'completed']);
});

test('a history without its beginning still has an attempt for its phases', () => {
  const [run] = buildTimeline(lines(phase(2, 'encode'), { what: 'completed' }), 1);
  expect(run).toMatchObject({ run: 1, begunBy: null });
  expect(run!.items).toEqual([expect.objectContaining({ attempt: 2, workerId: null, waitedMs: null })]);
});

test('lines that have lists of their own are no part of it; the others are notes', () => {
  const [run] = buildTimeline(
    lines(
      { what: 'priority', priority: 'high' },
      { what: 'callback', status: 'delivered', httpStatus: 200, durationMs: 3, nextTryInMs: null },
      { what: 'callback-resent' },
      { what: 'cancel-requested' },
      { what: 'canceled' },
    ),
    1,
  );
  expect(run!.items.map((item) => item.what === 'note' && item.text)).toEqual([
    'Priority changed to high',
    'Somebody asked to cancel it',
    'Canceled',
  ]);
});
