import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { findFreePort } from './free-port.ts';

/**
 * - `answer`: this instead of the store's, with an S3 error's code where there is one
 * - `refuse`: the connection ends before anything is read
 * - `reset`: the connection breaks while the request is on its way
 * - `cut`: of the answer, half of the body arrives
 * - `lose`: the store does it, but its answer is lost
 * - `hang`: nothing happens
 */
export type Fault =
  { answer: number; code?: string; headers?: Record<string, string> } | 'refuse' | 'reset' | 'cut' | 'lose' | 'hang';

/** A network between us and the gateway that fails as networks do. */
export interface S3Proxy {
  endpoint: string;
  /** `PUT /bucket/key?partNumber=1`, in the order in which they came. */
  readonly requests: string[];
  /** Those of them whose answer has not ended, and whose connection is there. */
  listOpen(): string[];
  /** Asked at every request: what shall go wrong. */
  failAt(decide: (line: string, count: number) => Fault | undefined): void;
  stop(): Promise<void>;
}

export async function startS3Proxy(gateway: string): Promise<S3Proxy> {
  const port = await findFreePort();
  const requests: string[] = [];
  const open = new Map<ServerResponse, string>();
  const counts = new Map<string, number>();
  let decide: Parameters<S3Proxy['failAt']>[0] = () => undefined;
  const server = createServer((incoming, response) => {
    const line = `${incoming.method} ${incoming.url!.replace(/[&?](x-id|uploadId)=[^&]*/g, '')}`;
    requests.push(line);
    open.set(response, line);
    response.on('close', () => open.delete(response));
    const count = (counts.get(line) ?? 0) + 1;
    counts.set(line, count);
    handle(gateway, incoming, response, decide(line, count));
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    listOpen: () => [...open.values()],
    failAt(next) {
      decide = next;
      counts.clear();
      requests.length = 0;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function handle(gateway: string, incoming: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
  incoming.on('error', () => undefined);
  if (fault === 'hang') {
    incoming.resume();
    return;
  }
  if (fault === 'refuse') {
    incoming.socket.destroy();
    return;
  }
  if (fault === 'reset') {
    incoming.once('data', () => incoming.socket.destroy());
    return;
  }
  if (typeof fault === 'object') {
    incoming.resume();
    const { answer, code, headers } = fault;
    incoming.once('end', () => response.writeHead(answer, headers).end(code && `<Error><Code>${code}</Code></Error>`));
    return;
  }
  // The host is part of what is signed, so it stays the one that was asked.
  const { method, url, headers } = incoming;
  const onward = forward(new URL(url!, gateway), { method, headers, setHost: false }, (answer) => {
    if (fault === 'lose') {
      answer.resume();
      answer.once('end', () => incoming.socket.destroy());
      return;
    }
    response.writeHead(answer.statusCode!, answer.headers);
    if (fault === 'cut') {
      answer.once('data', (chunk: Buffer) => {
        response.write(chunk.subarray(0, chunk.length / 2), () => incoming.socket.destroy());
      });
      return;
    }
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  incoming.pipe(onward);
}
