import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess } from '../../support/redis-server.ts';
import { COMPILE_CACHE, runSource } from '../../support/source-process.ts';
import type { History } from './history.ts';

/** A process under a supervisor, as a platform has one: whatever ends it, another comes. */
export interface Service {
  name: string;
  /** Nothing happens while there is none. */
  kill(signal: NodeJS.Signals): void;
  /** Resident memory in MiB and open files, or undefined while there is none. */
  measure(): Promise<{ residentMib: number; files: number } | undefined>;
  /** @returns the exit code of the last one */
  stop(): Promise<number | null>;
}

const RESTART_AFTER_MS = 500;

export function startService(
  app: 'api' | 'worker',
  name: string,
  env: Record<string, string>,
  { logPath, history }: { logPath: string; history: History },
): Service {
  const log = createWriteStream(logPath, { flags: 'a' });
  let child: ChildProcess | undefined;
  let isStopping = false;
  const start = (): void => {
    const started = spawn(process.execPath, runSource(`apps/${app}/src/main.ts`), {
      env: { ...COMPILE_CACHE, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    for (const stream of [started.stdout, started.stderr]) stream.pipe(log, { end: false });
    started.once('exit', (code, signal) => {
      history.note(`${app} ended with ${code ?? signal}`, { name });
      if (!isStopping) void sleep(RESTART_AFTER_MS).then(() => !isStopping && start());
    });
  };
  start();
  return {
    name,
    kill(signal) {
      child?.kill(signal);
    },
    async measure() {
      const pid = child?.pid;
      const status = pid === undefined ? '' : await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      const residentKib = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
      if (Number.isNaN(residentKib)) return undefined;
      const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
      return { residentMib: Math.round(residentKib / 1024), files: files.length };
    },
    async stop() {
      isStopping = true;
      child!.kill('SIGCONT');
      const code = await endProcess(child!, 'SIGTERM');
      log.end();
      return code;
    },
  };
}
