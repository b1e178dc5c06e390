import { expect, test } from '@jest/globals';
import { buildCallbackBody, type EventSubject, type TerminalOutcome } from './callback-event.ts';
import { addCallbackSecret, ovenCallbackBodySchema } from './callback-format.ts';

const subject: EventSubject = { jobId: 'tape_1', id: '507f', code: 'abc', metadata: { a: 1 } };
const output = { mp4Url: 'https://a.b/c.mp4', posterUrl: 'https://a.b/c.jpg', duration: 4, size: 9 };
const completed: TerminalOutcome = { status: 'completed', output: { ...output, resolution: [64, 48] } };
const failed: TerminalOutcome = { status: 'failed', error: { code: 'ENCODE_FAILED', message: 'no', phase: 'encode' } };

test.each<[string, TerminalOutcome, object]>([
  [
    'complete',
    completed,
    {
      ...{ status: 'complete', mp4Url: output.mp4Url, thumbnailUrl: output.posterUrl },
      ...{ duration: 4, size: 9, resolution: [64, 48] },
    },
  ],
  ['error', failed, { status: 'error', error: 'no', errorCode: 'ENCODE_FAILED' }],
  ['canceled', { status: 'canceled' }, { status: 'canceled', error: 'The conversion was canceled' }],
])('the body of oven-complete: %s', (_name, outcome, fields) => {
  const body = buildCallbackBody({ ...subject, callbackFormat: 'oven-complete' }, outcome);
  const known = { mongoId: '507f', code: 'abc', jobId: 'tape_1', ...fields, metadata: { a: 1 } };
  expect(body).toBe(JSON.stringify(known));
  const sent: unknown = JSON.parse(addCallbackSecret(body, 'a"b'));
  expect(sent).toEqual({ ...known, secret: 'a"b' });
  expect(ovenCallbackBodySchema.safeParse(sent)).toMatchObject({ success: true });
});

test('the standard body is what it was, whatever the request has beside', () => {
  const body = buildCallbackBody({ ...subject, callbackFormat: 'standard' }, failed);
  expect(body).toBe(buildCallbackBody({ ...subject, code: undefined }, failed));
  expect(JSON.parse(body)).toMatchObject({ id: '507f', status: 'error', error: 'no', code: 'ENCODE_FAILED' });
});
