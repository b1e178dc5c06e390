import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from 'node:net';
import { poll } from './poll.ts';
import { createTempDir } from './temp-dir.ts';

/** A Redis of the test file's own, on a Unix socket. */
export interface TestRedis {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

export async function startTestRedis(settings: Record<string, string> = {}): Promise<TestRedis> {
  const temp = await createTempDir('redis');
  const socket = join(temp.dir, 'redis.sock');
  const all = { port: '0', unixsocket: socket, dir: temp.dir, save: '', loglevel: 'warning', ...settings };
  const args = Object.entries(all).flatMap(([key, value]) => [`--${key}`, value]);
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  await poll('redis-server', () => answers(socket));
  return {
    url: `unix:${socket}`,
    pid: child.pid!,
    async stop() {
      await endProcess(child, 'SIGTERM');
      await temp.remove();
    },
  };
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
