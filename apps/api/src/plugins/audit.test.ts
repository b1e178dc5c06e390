import { expect, jest, test } from '@jest/globals';
import type { AuditLine } from '@tapedeck/jobs';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { auditLog, type AuditOptions } from './audit.ts';

async function createAudited(options: AuditOptions) {
  const lines: unknown[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line));
  const loggerInstance: FastifyBaseLogger = pino({ level: 'silent' }, { write });
  const app = Fastify({ loggerInstance });
  await app.register(auditLog, options);
  app.post('/queues/:name', { config: { audit: 'queue.pause' } }, async () => 'done');
  app.post('/broken', { config: { audit: 'queue.resume' } }, async () => {
    throw new Error('no');
  });
  app.post('/many', { config: { audit: 'jobs.bulk' } }, async (request) => {
    request.about = 'retry';
    return 'done';
  });
  app.get('/other', async () => 'done');
  return { app, lines };
}

test('what people do by hand is logged whatever the level, and kept, and nothing else is', async () => {
  const kept: AuditLine[] = [];
  const onUnkept = jest.fn();
  const keep = async (line: AuditLine): Promise<void> => void kept.push(line);
  const { app, lines } = await createAudited({ keep, onUnkept });
  for (const url of ['/queues/callbacks', '/broken', '/many']) await app.inject({ method: 'POST', url });
  await app.inject('/other');
  expect(lines).toEqual([
    expect.objectContaining({ log: 'audit', action: 'queue.pause', outcome: 'done', status: 200, about: 'callbacks' }),
    expect.objectContaining({ log: 'audit', action: 'queue.resume', outcome: 'failed', status: 500 }),
    expect.objectContaining({ log: 'audit', action: 'jobs.bulk', outcome: 'done', status: 200, about: 'retry' }),
  ]);
  const anybody = { who: null, via: 'login', ip: '127.0.0.1' };
  expect(kept).toEqual([
    { ...anybody, action: 'queue.pause', outcome: 'done', status: 200, about: 'callbacks' },
    { ...anybody, action: 'queue.resume', outcome: 'failed', status: 500, about: '' },
    { ...anybody, action: 'jobs.bulk', outcome: 'done', status: 200, about: 'retry' },
  ]);
  expect(onUnkept).not.toHaveBeenCalled();
});

test.each([
  ['refuses', () => Promise.reject(new Error('it is full'))],
  ['does not answer', () => new Promise<void>(() => undefined)],
])('where the place for it %s, the request is answered, and the line is in the log', async (_what, keep) => {
  const onUnkept = jest.fn();
  const { app, lines } = await createAudited({ keep, onUnkept });
  const answer = await app.inject({ method: 'POST', url: '/many' });
  expect([answer.statusCode, answer.body]).toEqual([200, 'done']);
  expect(lines).toHaveLength(1);
  expect(onUnkept).toHaveBeenCalledTimes(1);
});
