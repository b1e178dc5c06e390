import { expect, test } from '@jest/globals';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { auditLog } from './audit.ts';

test('what people do by hand is logged whatever the level, and nothing else is', async () => {
  const lines: unknown[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line));
  const loggerInstance: FastifyBaseLogger = pino({ level: 'silent' }, { write });
  const app = Fastify({ loggerInstance });
  await app.register(auditLog);
  app.post('/audited', { config: { audit: 'queue.pause' } }, async () => 'done');
  app.post('/broken', { config: { audit: 'queue.resume' } }, async () => {
    throw new Error('no');
  });
  app.get('/other', async () => 'done');
  for (const url of ['/audited', '/broken'] as const) await app.inject({ method: 'POST', url });
  await app.inject('/other');
  expect(lines).toEqual([
    expect.objectContaining({ log: 'audit', action: 'queue.pause', outcome: 'done', status: 200 }),
    expect.objectContaining({ log: 'audit', action: 'queue.resume', outcome: 'failed', status: 500 }),
  ]);
});
