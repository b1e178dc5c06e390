import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

/** The parts of a finished tape's callback that are looked at here. */
export interface CallbackEvent {
  jobId: string;
  status: string;
  mp4Url: string;
  resolution: [number, number];
  size: number;
}

/** What a caller of Tapedeck has: tapes to fetch, and a place that takes callbacks and verifies their signature. */
export class Caller {
  url = '';
  /** By the job's id; only what was rightly signed. */
  readonly events = new Map<string, CallbackEvent>();
  readonly #verifier: Webhook;
  readonly #tapes = new Map<string, Buffer>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  constructor(signingSecret: string) {
    this.#verifier = new Webhook(signingSecret);
  }

  async open(): Promise<void> {
    this.url = `http://127.0.0.1:${await listen(this.#server)}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** @returns the URL that the tape now has */
  offer(path: string, tape: Buffer): string {
    this.#tapes.set(path, tape);
    return this.url + path;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') return this.#receive(request, response);
    const tape = this.#tapes.get(request.url ?? '');
    response.writeHead(tape ? 200 : 404, { 'content-length': tape?.length ?? 0 }).end(tape);
  }

  /** The raw bytes are verified before they are parsed. */
  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await buffer(request)).toString('utf8');
    try {
      const event = this.#verifier.verify(body, request.headers as Record<string, string>) as CallbackEvent;
      this.events.set(event.jobId, event);
      response.writeHead(200).end();
    } catch {
      response.writeHead(401).end();
    }
  }
}

/** @returns the port on loopback that was free */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
