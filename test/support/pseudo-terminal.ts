import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { quote } from '../../apps/cli/src/completion/quote.ts';
import { poll } from './poll.ts';
import { COMPILE_CACHE } from './source-process.ts';

export interface PseudoTerminal {
  /** Everything that it showed, with what moves its cursor. */
  shown(): string;
  /** As if typed: `\x03` is Ctrl-C, `\t` the tab key. */
  type(text: string): void;
  waitFor(what: RegExp | string): Promise<void>;
  /** @returns its exit code */
  ended: Promise<number>;
  kill(): void;
}

/**
 * Runs a program on a terminal of its own, made by util-linux' script(1): a native module would have to be compiled.
 * stdout and stderr are the same there, as they are for whoever sits at one.
 */
export function startOnTerminal(
  argv: readonly string[],
  { env, columns = 80 }: { env: Record<string, string>; columns?: number },
): PseudoTerminal {
  // It has no size of its own to pass on.
  const command = `stty cols ${columns} rows 24; exec ${argv.map(quote).join(' ')}`;
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    env: { ...COMPILE_CACHE, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 120_000,
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
  });
  const end = async (): Promise<number> => {
    const [exitCode] = (await once(child, 'close')) as [number];
    return exitCode;
  };
  return {
    shown: () => shown,
    type: (text) => void child.stdin.write(text),
    async waitFor(what) {
      const isThere = () => (typeof what === 'string' ? shown.includes(what) : what.test(shown));
      await poll(`${what} on the terminal`, () => isThere() || undefined);
    },
    ended: end(),
    kill: () => void child.kill('SIGKILL'),
  };
}

export const SHOW_CURSOR = '\x1b[?25h';

/** The frames of a progress bar, each as it stood on its line. */
export function framesOf(shown: string): string[] {
  return shown
    .split('\r\x1b[K')
    .slice(1)
    .map((frame) => frame.split(/[\r\n\x1b]/)[0]!)
    .filter((frame) => frame !== '');
}
