import { describe, expect, test } from '@jest/globals';
import { loadEnvironment } from './environment.ts';
import { resolveStorage, STORAGE_VARIABLES } from './storage.ts';

const local = { dataDir: '/data', publicUrl: 'http://localhost:3000' };
const resolve = (env: Record<string, string>) => resolveStorage(loadEnvironment(env, STORAGE_VARIABLES), local);
const KEYS = { DO_SPACES_KEY: 'key', DO_SPACES_SECRET: 'hunter2' };

test('without a key, a directory', () => {
  expect(resolve({})).toEqual({ driver: 'local', ...local });
});

test('with a key, Spaces', () => {
  expect(resolve(KEYS)).toEqual({
    driver: 'spaces',
    endpoint: 'https://sfo3.digitaloceanspaces.com',
    region: 'us-east-1',
    forcePathStyle: false,
    accessKeyId: 'key',
    secretAccessKey: 'hunter2',
    publicBaseUrl: undefined,
    requestsPerSec: 50,
  });
});

test('with a key, and a word against it, a directory', () => {
  expect(resolve({ ...KEYS, STORAGE_DRIVER: 'local' }).driver).toBe('local');
});

describe('half of it', () => {
  test.each([
    ['DO_SPACES_KEY', { STORAGE_DRIVER: 'spaces' }],
    ['DO_SPACES_KEY', { STORAGE_DRIVER: 'spaces', DO_SPACES_SECRET: 'hunter2' }],
    ['DO_SPACES_SECRET', { DO_SPACES_KEY: 'key' }],
  ])('is a start-up error that names %s', (name, env) => {
    expect(() => resolve(env)).toThrow(new RegExp(`^${name}: expected .+, got nothing$`));
  });
});
