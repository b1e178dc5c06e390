import { createServer, type AddressInfo } from 'node:net';

/** A port on loopback that nobody may ever connect to. It speaks no protocol: a connection is too much already. */
export interface Canary {
  port: number;
  readonly connections: number;
  stop(): Promise<void>;
}

export async function startCanary(): Promise<Canary> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    stop: () => new Promise<void>((done) => server.close(() => done())),
  };
}
