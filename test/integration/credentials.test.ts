import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { COMPILE_CACHE, runSource } from '../support/source-process.ts';
import { digestToken, loadEnvironment, verifyPassword } from '@tapedeck/runtime';

/** `npm run keys` and `npm run password`, as an operator runs them. */
async function tapedeck(args: string[], input = '') {
  const env = { ...process.env, ...COMPILE_CACHE };
  const child = spawn(process.execPath, runSource('apps/cli/src/main.ts', ...args), { env });
  child.stdin.end(input);
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { stdout, stderr, exitCode };
}

describe('keys create', () => {
  test('prints a key once, and the line of API_KEYS that knows it', async () => {
    const { stdout, exitCode } = await tapedeck(['keys', 'create', 'netlify']);
    const [, key = ''] = /^ {2}(td_[\w-]{32})$/m.exec(stdout)!;
    const [, line = ''] = /^ {2}(netlify:.+)$/m.exec(stdout)!;
    expect(loadEnvironment({ API_KEYS: line }, ['API_KEYS']).API_KEYS).toEqual([
      { id: 'netlify', sha256Hex: digestToken(key).toString('hex') },
    ]);
    expect(exitCode).toBe(0);
    expect((await tapedeck(['keys', 'create', 'netlify'])).stdout).not.toContain(key);
  });

  test.each(['', 'a b', 'a:b', 'x'.repeat(65)])('refuses the name %j', async (id) => {
    const { stdout, stderr, exitCode } = await tapedeck(['keys', 'create', id]);
    expect([stdout, exitCode]).toEqual(['', 2]);
    expect(stderr).toContain('expected 1 to 64 letters, digits, dots, hyphens and underscores');
  });
});

describe('password', () => {
  test.each([
    ['ADMIN_PASSWORD_HASH', []],
    ['VIEWER_PASSWORD_HASH', ['--viewer']],
  ] as const)('prints what %s takes', async (variable, options) => {
    const { stdout, exitCode } = await tapedeck(['password', ...options], 'correct horse battery\nand no more\n');
    const [name, value] = stdout.trim().split('=');
    expect([name, exitCode]).toEqual([variable, 0]);
    const { [variable]: hash } = loadEnvironment({ [variable]: value }, [variable]);
    expect(await verifyPassword('correct horse battery', hash!)).toBe(true);
    expect(stdout).not.toContain('horse');
  });

  test.each(['short\n', '', '\n', `${'x'.repeat(257)}\n`])('refuses %j', async (input) => {
    const { stdout, stderr, exitCode } = await tapedeck(['password'], input);
    expect([stdout, exitCode]).toEqual(['', 2]);
    expect(stderr).toMatch(/expected 12 to 256 characters, got \d/);
  });
});
