import { connectRedis, openQueues, waitForRedis, type Backend } from '@tapedeck/jobs';
import { startTestRedis, type TestRedis } from './redis-server.ts';

/** A redis-server of a test's own, with queues, and without a journal. */
export interface TestBackend extends Backend {
  server: TestRedis;
  stop(): Promise<void>;
}

/** @param settings what redis-server is started with */
export async function startTestBackend(settings: Record<string, string> = {}): Promise<TestBackend> {
  const server = await startTestRedis(settings);
  const redis = connectRedis(server.url, 'fast', (error) => {
    throw error;
  });
  await waitForRedis(redis, 5_000);
  const queues = await openQueues(redis, 5_000);
  return {
    ...{ redis, queues, server, journal: undefined },
    async stop() {
      await queues.close();
      await redis.quit();
      await server.stop();
    },
  };
}
