import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { createLongAnswers, type LongAnswers } from './long-answers.ts';

let app: FastifyInstance;
afterEach(() => app.close());

/** @returns what its route was given; `before` is waited for in front of it, as the login is */
async function ask(before: (socket: NodeJS.EventEmitter) => Promise<unknown>) {
  app = Fastify();
  const answers = createLongAnswers(app);
  app.addHook('onRequest', async ({ raw }) => {
    await before(raw.socket);
  });
  const begun = new Promise<{ answers: LongAnswers; signal: AbortSignal }>((resolve) => {
    app.get('/', (_request, reply) => {
      resolve({ answers, signal: answers.begin(reply) });
      return reply.hijack();
    });
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
  return { client, begun };
}

test('whoever hung up before the route was reached is known to have, and keeps no place', async () => {
  let isReached = (): void => undefined;
  const reached = new Promise<void>((resolve) => (isReached = resolve));
  const { client, begun } = await ask(async (socket) => {
    const closed = new Promise((resolve) => socket.once('close', resolve));
    isReached();
    await closed;
  });
  await reached;
  client.resetAndDestroy();
  const { answers, signal } = await begun;
  expect([signal.aborted, answers.count()]).toEqual([true, 0]);
});

test('whoever hangs up later frees the place then', async () => {
  const { client, begun } = await ask(async () => undefined);
  const { answers, signal } = await begun;
  expect([signal.aborted, answers.count()]).toEqual([false, 1]);
  const aborted = once(signal, 'abort');
  client.resetAndDestroy();
  await aborted;
  expect(answers.count()).toBe(0);
});

test('a server that stops ends them', async () => {
  const { client, begun } = await ask(async () => undefined);
  const { signal } = await begun;
  const closed = app.close();
  expect(
    await once(signal, 'abort').then(
      () => signal.aborted,
      () => false,
    ),
  ).toBe(true);
  client.destroy();
  await closed;
});
