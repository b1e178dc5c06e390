import { expect, test } from '@jest/globals';
import type { JobView } from '@tapedeck/contracts';
import { describeState, listActions } from './job-state.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const at = (secAgo: number): string => new Date(NOW_MS - secAgo * 1000).toISOString();

const job = (news: Partial<JobView>): JobView => ({
  ...{ jobId: 'tape_1', kind: 'tape', reference: 'a', slug: 'a', bucket: 'demo', status: 'queued', phase: null },
  ...{ progress: 0, attempt: 0, maxAttempts: 3, positionInQueue: null, createdAt: at(600), startedAt: null },
  ...{ finishedAt: null, estimatedCompletionAt: null, output: null, resultDeletedAt: null, error: null },
  ...{ callback: { status: 'pending', attempts: 0, lastStatus: null }, plan: null, metadata: null },
  ...news,
});

const delivered = { status: 'delivered', attempts: 1, lastStatus: 200 } as const;
const exhausted = { status: 'exhausted', attempts: 8, lastStatus: 500 } as const;

test.each<[string, Partial<JobView>]>([
  ['It waits for a worker.', {}],
  ['It waits for a worker. It is the next one.', { positionInQueue: 1 }],
  ['Attempt 1 of 3 is over: it waits for another. It is number 4 in the queue.', { attempt: 1, positionInQueue: 4 }],
  [
    'Attempt 1 of 3 is at work: encode. The result is expected in 2 min.',
    { status: 'processing', attempt: 1, phase: 'encode', estimatedCompletionAt: at(-120) },
  ],
  [
    'Attempt 2 of 3 is at work. It takes longer than was expected.',
    { status: 'processing', attempt: 2, estimatedCompletionAt: at(5) },
  ],
  [
    'The result is there: it was done 5 min ago, 5 min after it was asked for. The caller was told.',
    { status: 'completed', finishedAt: at(300), callback: delivered },
  ],
  [
    'The result is not there any more: it was deleted 1 min ago, because of its age. The caller was told.',
    { status: 'completed', finishedAt: at(300), resultDeletedAt: at(60), callback: delivered },
  ],
  [
    'There is no result: it failed 5 min ago, in attempt 3 of 3. The caller was not told: 8 tries failed, and there is none to come.',
    { status: 'failed', attempt: 3, finishedAt: at(300), callback: exhausted },
  ],
  [
    'There is no result: it was canceled 5 min ago. The caller is being told.',
    { status: 'canceled', finishedAt: at(300) },
  ],
])('%s', (sentence, news) => {
  expect(describeState(job(news), NOW_MS)).toBe(sentence);
});

test('only what its state allows is offered', () => {
  expect(listActions({ status: 'queued' })).toEqual(['cancel', 'priority', 'delete']);
  expect(listActions({ status: 'processing' })).not.toContain('priority');
  expect(listActions({ status: 'completed' })).not.toContain('retry');
  expect(listActions({ status: 'failed' })).toEqual(listActions({ status: 'canceled' }));
  expect(listActions({ status: 'failed' })).toContain('retry');
});
