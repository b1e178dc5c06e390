import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { createClient, type Job } from '@tapedeck/client';
import { startSourceServer, type Handler, type SourceServer } from '../support/source-server.ts';

jest.setTimeout(60_000);

/** The client against a server that is not what it says. */
let server: SourceServer;
let elsewhere: SourceServer;
beforeAll(async () => {
  [server, elsewhere] = await Promise.all([startSourceServer(), startSourceServer()]);
});
afterAll(() => Promise.all([server.stop(), elsewhere.stop()]));

const JOB_PATH = '/api/jobs/tape_1';
/** More than any answer may have, and little enough to be sent within the time of one. */
const FLOOD_BYTES = 512 * 1024 * 1024;
const buildClient = () => createClient({ baseUrl: server.url, token: 'secret-token', maxTries: 1, timeoutMs: 30_000 });

/** Sends without a line's end as fast as it is read. @returns how much that was, once the connection is closed */
function flood(response: ServerResponse, head: string): Promise<number> {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let sentBytes = 0;
  const send = (): void => {
    while (sentBytes < FLOOD_BYTES && !response.destroyed) {
      sentBytes += chunk.length;
      if (!response.write(chunk)) return void response.once('drain', send);
    }
    response.end();
  };
  response.write(head);
  send();
  return new Promise((done) => response.once('close', () => done(sentBytes)));
}

/** @returns how much was sent of the answer to each request */
function serveFlood(path: string, status: number, contentType: string): Promise<number>[] {
  const sent: Promise<number>[] = [];
  const handler: Handler = (_request, response) => {
    sent.push(flood(response.writeHead(status, { 'content-type': contentType }), ''));
  };
  server.serve(path, handler);
  return sent;
}

describe('an answer without end is not read to the end', () => {
  test.each([
    ['of JSON', 200, { code: 'UNEXPECTED_ANSWER', status: 200, retryable: false }],
    [
      'of an error, which is still what its status says',
      503,
      { code: 'UNEXPECTED_ANSWER', status: 503, retryable: true },
    ],
  ])('%s', async (_what, status, expected) => {
    const sent = serveFlood(JOB_PATH, status, 'application/json');
    await expect(buildClient().job('tape_1')).rejects.toMatchObject(expected);
    expect(sent).toHaveLength(1);
    expect(await sent[0]).toBeLessThan(FLOOD_BYTES / 2);
  });

  test('of an event: the job is asked for instead', async () => {
    const sent = serveFlood(`${JOB_PATH}/events`, 200, 'text/event-stream');
    const job = { jobId: 'tape_1', status: 'completed', finishedAt: '2026-11-22T12:00:00.000Z' };
    server.serve(JOB_PATH, (_request, response) => void response.end(JSON.stringify(job)));
    const seen: Job[] = [];
    for await (const each of buildClient().waitFor('tape_1')) seen.push(each);
    expect(seen).toEqual([job]);
    expect(await sent[0]).toBeLessThan(FLOOD_BYTES / 2);
  });
});

describe('the token goes nowhere else', () => {
  test.each([301, 302, 303, 307, 308])('after %s to another server', async (status) => {
    const location = elsewhere.serve('/convert', Buffer.from('{"jobId":"tape_1","statusUrl":"x"}'));
    const redirect: Handler = (_request, response) => void response.writeHead(status, { location }).end();
    for (const path of ['/convert', JOB_PATH, `${JOB_PATH}/events`]) server.serve(path, redirect);
    const refused = { code: 'UNEXPECTED_ANSWER', status, retryable: false };
    const request = {
      mongoId: 'x',
      bucket: 'tapes',
      slug: 'x',
      zipUrl: 'https://x.example',
      callbackUrl: 'https://x.example',
    };
    await expect(buildClient().convertTape(request)).rejects.toMatchObject(refused);
    await expect(buildClient().job('tape_1')).rejects.toMatchObject(refused);
    await expect(buildClient().waitFor('tape_1').next()).rejects.toMatchObject(refused);
    expect(elsewhere.requests).toEqual([]);
  });
});
