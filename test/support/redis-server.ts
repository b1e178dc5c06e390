import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from 'node:net';
import { connectRedis } from '@tapedeck/jobs';
import { poll } from './poll.ts';
import { createTempDir } from './temp-dir.ts';

/** A Redis of the test file's own, on a Unix socket. */
export interface TestRedis {
  url: string;
  readonly pid: number;
  command(name: string, ...words: (string | number)[]): Promise<unknown>;
  /** As a crash does: what it did not write to its directory is lost, and its socket stays behind. */
  kill(): Promise<void>;
  /** The same one again, on the same socket, with what is in its directory. */
  start(): Promise<void>;
  /** Stands still with its connections open, until `wake`. */
  freeze(): void;
  wake(): void;
  stop(): Promise<void>;
}

/** Every write is in the file before it is answered: a crash loses nothing. */
export const DURABLE = { appendonly: 'yes', appendfsync: 'always' };

export async function startTestRedis(settings: Record<string, string> = {}): Promise<TestRedis> {
  const temp = await createTempDir('redis');
  const socket = join(temp.dir, 'redis.sock');
  const all = { port: '0', unixsocket: socket, dir: temp.dir, save: '', loglevel: 'warning', ...settings };
  const args = Object.entries(all).flatMap(([key, value]) => [`--${key}`, value]);
  const spawnServer = async (): Promise<ChildProcess> => {
    const started = spawn('redis-server', args, { stdio: 'ignore' });
    await poll('redis-server', () => answers(socket));
    return started;
  };
  let child = await spawnServer();
  const url = `unix:${socket}`;
  return {
    url,
    get pid() {
      return child.pid!;
    },
    command: (name, ...words) => runCommand(url, name, words),
    async kill() {
      await endProcess(child, 'SIGKILL');
    },
    async start() {
      child = await spawnServer();
    },
    freeze: () => void child.kill('SIGSTOP'),
    wake: () => void child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT');
      await endProcess(child, 'SIGTERM');
      await temp.remove();
    },
  };
}

async function runCommand(url: string, name: string, words: (string | number)[]): Promise<unknown> {
  const redis = connectRedis(url, 'patient', () => undefined);
  try {
    return await redis.call(name, ...words);
  } finally {
    redis.disconnect();
  }
}

function answers(socketPath: string): Promise<true | undefined> {
  return new Promise((done) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(undefined));
  });
}

export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const killer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exited;
  clearTimeout(killer);
  return child.exitCode;
}
