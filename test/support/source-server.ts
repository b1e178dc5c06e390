import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse, hits: number) => void;

/** Where sources lie. Serves files with ranges and ETags; a handler can misbehave instead. */
export interface SourceServer {
  url: string;
  /** Every request, as `METHOD /path`. */
  requests: string[];
  /** @param path decoded */
  serve(path: string, content: Buffer | Handler): string;
  stop(): Promise<void>;
}

export async function startSourceServer(): Promise<SourceServer> {
  const contents = new Map<string, Buffer | Handler>();
  const hits = new Map<string, number>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.split('?')[0]!);
    requests.push(`${request.method} ${path}`);
    const content = contents.get(path);
    hits.set(path, (hits.get(path) ?? 0) + 1);
    if (!content) return void response.writeHead(404).end();
    if (typeof content === 'function') return content(request, response, hits.get(path)!);
    sendFile(request, response, content);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests,
    serve(path, content) {
      contents.set(path, content);
      return url + path.replaceAll(' ', '%20');
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

export function sendFile(request: IncomingMessage, response: ServerResponse, content: Buffer, etag = '"one"'): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const isRange = from > 0 && request.headers['if-range'] === etag;
  const body = isRange ? content.subarray(from) : content;
  response.writeHead(isRange ? 206 : 200, {
    'content-length': body.length,
    etag,
    ...(isRange && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  response.end(body);
}
