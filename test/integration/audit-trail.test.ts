import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { appendAudit, loadAudit, type AuditLine, type Redis } from '@tapedeck/jobs';
import { startTestBackend, type TestBackend } from '../support/test-backend.ts';

let backend: TestBackend;
let redis: Redis;
beforeAll(async () => {
  backend = await startTestBackend();
  ({ redis } = backend);
});
afterAll(() => backend.stop());
beforeEach(() => redis.flushall());

const line = (about: string): AuditLine => ({
  ...{ action: 'worker.pause', who: 'a@example.com', via: 'session', outcome: 'done', status: 200 },
  ...{ ip: '192.0.2.1', about },
});
const load = (limit: number, before?: string) => loadAudit(redis, { limit, before });

test('the newest come first, page by page, each once', async () => {
  expect(await load(2)).toEqual({ entries: [], next: null });
  const aboutMs = Date.now();
  for (const about of ['w1', 'w2', 'w3', 'w4']) await appendAudit(redis, line(about));
  const first = await load(2);
  expect(first.entries).toEqual([
    { id: expect.any(String), atMs: expect.any(Number), ...line('w4') },
    expect.objectContaining({ about: 'w3' }),
  ]);
  expect(Math.abs(first.entries[0]!.atMs - aboutMs)).toBeLessThan(10_000);
  const second = await load(2, first.next!);
  expect(second).toMatchObject({ entries: [{ about: 'w2' }, { about: 'w1' }], next: null });
});

test('a line that cannot be read hides no other, and ends no walk', async () => {
  await appendAudit(redis, line('w1'));
  for (const text of ['not JSON', '{"action":7}']) await redis.xadd('tapedeck:audit', '*', 'line', text);
  const page = await load(2);
  expect(page).toMatchObject({ entries: [], next: expect.any(String) });
  expect(await load(2, page.next!)).toMatchObject({ entries: [{ about: 'w1' }], next: null });
});

test('it does not grow for ever', async () => {
  const batch = redis.pipeline();
  for (let index = 0; index < 10_000; index += 1) batch.xadd('tapedeck:audit', '*', 'line', '{}');
  await batch.exec();
  for (let index = 0; index < 500; index += 1) await appendAudit(redis, line(`w${index}`));
  expect(await redis.xlen('tapedeck:audit')).toBeLessThan(10_200);
});
