import { describe, expect, test } from '@jest/globals';
import { ENVIRONMENT, loadEnvironment, type VariableName } from './environment.ts';

const ALL = Object.keys(ENVIRONMENT) as VariableName[];

test('without a variable, everything has its default', () => {
  expect(loadEnvironment({}, ALL)).toMatchObject({
    PORT: 3000,
    HOST: '127.0.0.1',
    JOB_ATTEMPTS: 3,
    JOB_BACKOFF_MS: 5000,
    ALLOW_PRIVATE_NETWORK: false,
    ALLOWED_URL_PORTS: [443, 8443],
    CALLBACK_SCHEDULE_MS: [0, 5e3, 3e5, 18e5, 72e5, 18e6, 36e6, 504e5, 72e6, 864e5],
    MAX_SOURCE_BYTES: 8 * 1024 ** 3,
    API_KEYS: [],
  });
});

test('an empty string is not set', () => {
  expect(loadEnvironment({ PORT: '' }, ['PORT'])).toEqual({ PORT: 3000 });
});

describe('a wrong value names the variable, what was expected and what came', () => {
  test.each<[VariableName, string]>([
    ['PORT', '70000'],
    ['PORT', 'http'],
    ['PUBLIC_URL', 'localhost'],
    ['SPACES_ENDPOINT', 'https://user:word@sfo3.example'],
    ['REDIS_URL', 'http://localhost'],
    ['ALLOW_PRIVATE_NETWORK', 'yes'],
    ['ALLOWED_URL_PORTS', '443,https'],
    ['ALLOWED_URL_PORTS', '0'],
    ['ALLOWED_URL_PORTS', '443,65536'],
    ['ALLOWED_URL_PORTS', ','],
    ['JOB_ATTEMPTS', '0'],
    ['CALLBACK_SCHEDULE_MS', '0,soon'],
    ['LOG_LEVEL', 'loud'],
    ['API_KEYS', 'me:123'],
    ['CALLBACK_SIGNING_SECRET', 'secret'],
    ['STORAGE_DRIVER', 'tape'],
  ])('%s=%s', (name, value) => {
    expect(() => loadEnvironment({ [name]: value }, [name])).toThrow(new RegExp(`${name}: .+, got .+`));
  });

  test('all at once', () => {
    expect(() => loadEnvironment({ PORT: 'x', LOG_LEVEL: 'y' }, ['PORT', 'LOG_LEVEL'])).toThrow(/PORT[^]*LOG_LEVEL/);
  });

  test.each<VariableName>(['API_KEYS', 'CALLBACK_SIGNING_SECRET', 'REDIS_URL'])(
    'but never prints the secret in %s',
    (name) => {
      expect(() => loadEnvironment({ [name]: 'hunter2' }, [name])).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
      );
    },
  );
});
