import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { COMPILE_CACHE } from '../../../test/support/source-process.ts';

/** Hears of a signal when it has done all that it had to. */
const COMMAND = `
  import { once } from 'node:events';
  import { createInterruption } from './apps/cli/src/interruption.ts';
  const signal = createInterruption();
  const busy = setInterval(() => undefined, 1_000);
  const heard = once(signal, 'abort');
  process.kill(process.pid, process.argv[1]);
  await heard;
  clearInterval(busy);
  process.exitCode = 0;
`;

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])('a command that was interrupted by %s ends with %i, whatever it says of itself last', async (name, exitCode) => {
  const args = ['--conditions=source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', COMMAND];
  const child = spawn(process.execPath, [...args, name], {
    env: { ...COMPILE_CACHE },
    stdio: 'inherit',
    timeout: 30_000,
  });
  expect(await once(child, 'close')).toEqual([exitCode, null]);
});
