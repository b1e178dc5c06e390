import { expect, test } from '@jest/globals';
import { compareEntries, parseEntry, type JournalEntry } from './journal.ts';

const entry = (run: number, state: JournalEntry['state'], finishedAtMs = 0): JournalEntry => ({
  ...{ jobId: 'job', run, state, fields: finishedAtMs > 0 ? { finishedAtMs: String(finishedAtMs) } : {} },
});

test.each([
  ['a later run', entry(2, 'accepted'), entry(1, 'closed')],
  ['an end', entry(1, 'settled'), entry(1, 'accepted')],
  ['the last word on an end', entry(1, 'closed'), entry(1, 'settled', 5)],
  // The other was settled in old data, and nobody was told.
  ['the earlier of two ends of one run', entry(1, 'settled', 1_000), entry(1, 'settled', 2_000)],
])('%s says more of a job', (_what, a, b) => {
  expect(compareEntries(a, b)).toBeGreaterThan(0);
  expect(compareEntries(b, a)).toBeLessThan(0);
});

const RECORD = {
  ...{ jobId: 'job', caller: 'tests', fingerprint: 'x', outputName: 'a.mp4', status: 'queued' },
  ...{ maxAttempts: '3', createdAtMs: '1' },
  request: JSON.stringify({
    ...{ kind: 'tape', reference: 'a', mongoId: 'a', bucket: 'tapes', slug: 'a', priority: 'normal' },
    ...{ zipUrl: 'https://a.example/a.zip', callbackUrl: 'https://b.example/', options: {} },
  }),
};
const MANY = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`field-${index}`, 'x']));
const accepted = { state: 'accepted', jobId: 'job', run: 1, fields: RECORD };

test('an entry of ours is read', () => {
  expect(parseEntry(JSON.stringify(accepted))).toMatchObject({ jobId: 'job', state: 'accepted' });
});

test.each([
  ['no JSON', 'hello'],
  ['another state', JSON.stringify({ ...accepted, state: 'dreaming' })],
  ['no record', JSON.stringify({ ...accepted, fields: {} })],
  ['the record of another job', JSON.stringify({ ...accepted, jobId: 'other' })],
  ['a prototype', JSON.stringify({ ...accepted, fields: JSON.parse('{"__proto__":{"jobId":"job"}}') as object })],
  ['too many fields', JSON.stringify({ ...accepted, fields: { ...RECORD, ...MANY } })],
])('a line that is %s holds up no other', (_what, line) => {
  expect(parseEntry(line)).toBeUndefined();
});
