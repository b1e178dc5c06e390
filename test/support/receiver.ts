import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { poll } from './poll.ts';

export interface ReceivedCallback {
  id: string;
  body: string;
  headers: Record<string, string>;
  event: { jobId: string; status: string } & Record<string, unknown>;
  /** Did `standardwebhooks` accept the signature? */
  verified: boolean;
  status: number;
}

/** How the receiver answers the nth try of an event (from 1). */
export type Answer = (
  nth: number,
  event: ReceivedCallback['event'],
) => { status: number; headers?: Record<string, string>; delayMs?: number };

export interface Receiver {
  url: string;
  received: ReceivedCallback[];
  answer: Answer;
  waitFor(jobId: string, count?: number, timeoutMs?: number): Promise<ReceivedCallback[]>;
  stop(): Promise<void>;
}

/** A real HTTP receiver that verifies every signature with the reference library. */
export async function startReceiver(secret: string): Promise<Receiver> {
  const webhook = new Webhook(secret);
  const received: ReceivedCallback[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((bytes) => {
      const body = bytes.toString('utf8');
      const headers = request.headers as Record<string, string>;
      const event = JSON.parse(body) as ReceivedCallback['event'];
      const nth = received.filter((earlier) => earlier.id === headers['webhook-id']).length + 1;
      const { status, headers: answerHeaders, delayMs = 0 } = receiver.answer(nth, event);
      received.push({
        id: headers['webhook-id']!,
        body,
        headers,
        event,
        verified: verifies(webhook, body, headers),
        status,
      });
      setTimeout(() => response.writeHead(status, answerHeaders).end(), delayMs).unref();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    received,
    answer: () => ({ status: 200 }),
    waitFor: (jobId, count = 1, timeoutMs = 60_000) =>
      poll(
        `${count} callbacks for ${jobId}`,
        () => {
          const mine = received.filter(({ event }) => event.jobId === jobId);
          return mine.length >= count ? mine : undefined;
        },
        timeoutMs,
      ),
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return receiver;
}

function verifies(webhook: Webhook, body: string, headers: Record<string, string>): boolean {
  try {
    webhook.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
