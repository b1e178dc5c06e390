import { expect, jest, test } from '@jest/globals';
import type { AuditLine } from '@tapedeck/jobs';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { auditLog, type AuditOptions } from './audit.ts';

const ADA = { cookie: 'session' };

async function createAudited(options: AuditOptions) {
  const lines: unknown[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line));
  const loggerInstance: FastifyBaseLogger = pino({ level: 'silent' }, { write });
  const app = Fastify({ loggerInstance });
  await app.register(auditLog, options);
  app.addHook('onRequest', async (request) => {
    if (request.headers.cookie) request.operator = { name: 'ada', role: 'admin' };
  });
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
  for (const url of ['/queues/callbacks', '/broken', '/many']) await app.inject({ method: 'POST', url, headers: ADA });
  await app.inject('/other');
  expect(lines).toEqual([
    expect.objectContaining({ log: 'audit', action: 'queue.pause', outcome: 'done', status: 200, about: 'callbacks' }),
    expect.objectContaining({ log: 'audit', action: 'queue.resume', outcome: 'failed', status: 500 }),
    expect.objectContaining({ log: 'audit', action: 'jobs.bulk', outcome: 'done', status: 200, about: 'retry' }),
  ]);
  const ada = { who: 'ada', via: 'session', ip: '127.0.0.1' };
  expect(kept).toEqual([
    { ...ada, action: 'queue.pause', outcome: 'done', status: 200, about: 'callbacks' },
    { ...ada, action: 'queue.resume', outcome: 'failed', status: 500, about: '' },
    { ...ada, action: 'jobs.bulk', outcome: 'done', status: 200, about: 'retry' },
  ]);
  expect(onUnkept).not.toHaveBeenCalled();
});

test.each([
  ['refuses', () => Promise.reject(new Error('it is full'))],
  ['does not answer', () => new Promise<void>(() => undefined)],
])('where the place for it %s, the request is answered, and the line is in the log', async (_what, keep) => {
  const onUnkept = jest.fn();
  const { app, lines } = await createAudited({ keep, onUnkept });
  const answer = await app.inject({ method: 'POST', url: '/many', headers: ADA });
  expect([answer.statusCode, answer.body]).toEqual([200, 'done']);
  expect(lines).toHaveLength(1);
  expect(onUnkept).toHaveBeenCalledTimes(1);
});

test('what strangers try is in the log alone, however often', async () => {
  const kept: AuditLine[] = [];
  const { app, lines } = await createAudited({
    keep: async (line) => void kept.push(line),
    onUnkept: jest.fn(),
  });
  for (let tries = 0; tries < 3; tries += 1) await app.inject({ method: 'POST', url: '/many' });
  expect([lines.length, kept]).toEqual([3, []]);
});
