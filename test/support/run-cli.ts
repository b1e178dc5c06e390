import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { COMPILE_CACHE, runSource } from './source-process.ts';

export interface CliEnd {
  stdout: string;
  stderr: string;
  exitCode: number;
  /** What `--json` printed, line by line. */
  rows<Row>(): Row[];
}

export interface RunningCli {
  child: ChildProcess;
  ended: Promise<CliEnd>;
}

/** `tapedeck …` as an operator runs it. @param input what is piped to it */
export function startCli(args: readonly string[], env: Record<string, string>, input = ''): RunningCli {
  const child = spawn(process.execPath, runSource('apps/cli/src/main.ts', ...args), {
    env: { ...COMPILE_CACHE, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // One that hangs must not outlive its test.
    timeout: 300_000,
  });
  // One that asks for nothing may have ended by then.
  child.stdin.on('error', () => undefined).end(input);
  const end = async (): Promise<CliEnd> => {
    const closed = once(child, 'close') as Promise<[number]>;
    const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    const rows = <Row>(): Row[] =>
      stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Row);
    return { stdout, stderr, exitCode, rows };
  };
  return { child, ended: end() };
}

export function runCli(args: readonly string[], env: Record<string, string>, input = ''): Promise<CliEnd> {
  return startCli(args, env, input).ended;
}
