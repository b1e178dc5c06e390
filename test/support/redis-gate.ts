import { createServer, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { poll } from './poll.ts';
import { createTempDir } from './temp-dir.ts';

/**
 * A door between a worker and its Redis. A worker asks Redis before every object that it makes public: behind a door
 * that closes in between, it stands still at that very step for as long as a test wants to look.
 */
export interface RedisGate {
  url: string;
  /**
   * Lets nothing of the worker's through from the first message on at which it is time.
   * @param isTime asked, without waiting, before each message
   */
  closeWhen(isTime: (message: string) => boolean): void;
  /** Resolves when somebody stands before the closed door. */
  untilClosed(): Promise<void>;
  open(): void;
  /** The connections that there are stay open, and nothing comes through them any more; new ones work. */
  strand(): void;
  stop(): Promise<void>;
}

export async function startRedisGate(redisUrl: string): Promise<RedisGate> {
  const temp = await createTempDir('gate');
  const path = join(temp.dir, 'redis.sock');
  const sockets = new Set<Socket>();
  let connections: { client: Socket; redis: Socket }[] = [];
  let isTime: ((message: string) => boolean) | undefined;
  let closed: PromiseWithResolvers<void> | undefined;

  const server = createServer((client) => {
    const redis = connect(redisUrl.replace(/^unix:/, ''));
    const door = new Transform({
      transform(chunk: Buffer, _encoding, pass) {
        if (isTime?.(chunk.toString('latin1'))) {
          isTime = undefined;
          closed ??= Promise.withResolvers();
        }
        if (closed) void closed.promise.then(() => pass(null, chunk));
        else pass(null, chunk);
      },
    });
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => [client, redis].forEach((each) => each.destroy()));
    }
    client.pipe(door).pipe(redis);
    redis.pipe(client);
    connections.push({ client, redis });
  });
  await new Promise<void>((done) => server.listen(path, done));
  // A test that fails before it stops the gate must end all the same.
  server.unref();
  return {
    url: `unix:${path}`,
    closeWhen(isTimeNow) {
      isTime = isTimeNow;
    },
    async untilClosed() {
      await poll('a message to the gate', () => (closed ? true : undefined));
    },
    open() {
      isTime = undefined;
      closed?.resolve();
      closed = undefined;
    },
    strand() {
      for (const { client, redis } of connections) {
        client.unpipe().resume();
        redis.unpipe().resume();
      }
      connections = [];
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
      await temp.remove();
    },
  };
}
