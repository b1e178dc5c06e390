import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyCallback } from '@tapedeck/client';

const CALLBACK_TIMEOUT_MS = 120_000;

/** What a caller has: a place where the tape lies, and a function that receives callbacks. */
export class SampleCaller {
  url = '';
  readonly #signingSecret: string;
  readonly #files = new Map<string, Buffer>();
  readonly #events = new Map<string, unknown>();
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  constructor(signingSecret: string) {
    this.#signingSecret = signingSecret;
  }

  async listen(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  serve(path: string, content: Buffer): void {
    this.#files.set(path, content);
  }

  async received(jobId: string): Promise<unknown> {
    const deadline = Date.now() + CALLBACK_TIMEOUT_MS;
    while (!this.#events.has(jobId)) {
      if (Date.now() > deadline) throw new Error(`no callback for ${jobId}`);
      await sleep(50);
    }
    return this.#events.get(jobId);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') return this.#receive(request, response);
    const file = this.#files.get(decodeURIComponent(request.url ?? ''));
    response.writeHead(file ? 200 : 404, file ? { 'content-length': file.length } : {}).end(file);
  }

  /** The raw bytes are verified before they are parsed. */
  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    try {
      const event = await verifyCallback({ headers: request.headers, body }, this.#signingSecret);
      this.#events.set(event.jobId, event);
      response.writeHead(200).end();
    } catch {
      response.writeHead(401).end();
    }
  }
}
