import { describe, expect, test } from '@jest/globals';
import { ENVIRONMENT, listSecrets, loadEnvironment, type VariableName } from './environment.ts';

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
    ['PUBLIC_URL', 'https://a.example/?x=1'],
    ['REDIS_URL', 'http://localhost'],
    ['REDIS_URL', 'redis://:100%@host'],
    ['ALLOW_PRIVATE_NETWORK', 'yes'],
    ['ALLOWED_URL_PORTS', '443,https'],
    ['ALLOWED_URL_PORTS', '0'],
    ['ALLOWED_URL_PORTS', '443,65536'],
    ['ALLOWED_URL_PORTS', ','],
    ['JOB_ATTEMPTS', '0'],
    ['CALLBACK_SCHEDULE_MS', '0,soon'],
    ['LOG_LEVEL', 'loud'],
    ['API_KEYS', 'me:123'],
    ['API_KEYS', `me:${'0'.repeat(64)}:x`],
    ['API_KEYS', ['1', '2', '3'].map((digit) => `me:${digit.repeat(64)}`).join()],
    ['TRUST_PROXY', 'everybody'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0.0/0'],
    ['TRUST_PROXY', '10.0.0.0/8/8'],
    ['ADMIN_EMAILS', 'me'],
    ['ADMIN_PASSWORD_HASH', 'hunter2'],
    ['OIDC_ISSUER', 'google'],
    ['CALLBACK_SIGNING_SECRET', 'secret'],
    ['STORAGE_DRIVER', 'tape'],
    ['ALERT_WEBHOOK_URL', 'hooks.slack.com/services/x'],
    ['ALERT_WEBHOOK_URL', 'https://user:word@a.example/'],
    ['ALERT_EMAIL_TO', 'me'],
    ['ALERT_EMAIL_FROM', 'Tapedeck'],
    ['SMTP_URL', 'smtp.example.com'],
    ['SMTP_URL', 'smtp://me:100%@a.example'],
    ['SENTRY_DSN', 'https://sentry.example/1'],
    ['SENTRY_DSN', 'https://key@sentry.example/project'],
    ['ALERT_INTERVAL_MS', '99'],
    ['ENVIRONMENT_NAME', 'my production'],
  ])('%s=%s', (name, value) => {
    expect(() => loadEnvironment({ [name]: value }, [name])).toThrow(new RegExp(`${name}: .+, got .+`));
  });

  test('and which entry of a list', () => {
    const env = { API_KEYS: `me:${'0'.repeat(64)},you:123` };
    expect(() => loadEnvironment(env, ['API_KEYS'])).toThrow('API_KEYS: entry 2: expected id:sha256-hex, got a secret');
  });

  test('all at once', () => {
    expect(() => loadEnvironment({ PORT: 'x', LOG_LEVEL: 'y' }, ['PORT', 'LOG_LEVEL'])).toThrow(/PORT[^]*LOG_LEVEL/);
  });

  test.each<VariableName>([
    'API_KEYS',
    'CALLBACK_SIGNING_SECRET',
    'REDIS_URL',
    'ADMIN_PASSWORD_HASH',
    'ALERT_WEBHOOK_URL',
    'SMTP_URL',
    'SENTRY_DSN',
  ])('but never prints the secret in %s', (name) => {
    expect(() => loadEnvironment({ [name]: 'hunter2' }, [name])).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});

test('nor the password of a URL that may have none', () => {
  expect(() => loadEnvironment({ PUBLIC_URL: 'https://me:hunter2@a.example' }, ['PUBLIC_URL'])).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
  );
});

test('what may be trusted and who may come is read as people write it', () => {
  const env = { TRUST_PROXY: 'loopback, 10.0.0.0/8,2001:db8::/32 ,192.0.2.1', ADMIN_EMAILS: 'Me@Example.com' };
  expect(loadEnvironment(env, ['TRUST_PROXY', 'ADMIN_EMAILS'])).toEqual({
    TRUST_PROXY: ['loopback', '10.0.0.0/8', '2001:db8::/32', '192.0.2.1'],
    ADMIN_EMAILS: ['me@example.com'],
  });
});

test('secrets are known by their parts', () => {
  const env = {
    MP4_SERVICE_TOKEN: 'plain-token',
    CALLBACK_SIGNING_SECRET: 'whsec_b25l whsec_dHdv',
    CALLBACK_AUTH_TOKEN: 'pa,ss word',
    REDIS_URL: 'rediss://default:p%40ss@host:6380',
    PORT: '3000',
  };
  const secrets = listSecrets(env);
  expect(secrets).toEqual(
    expect.arrayContaining(['pa,ss word', 'plain-token', 'whsec_b25l', 'b25l', 'whsec_dHdv', 'dHdv', 'p@ss', 'p%40ss']),
  );
  expect(secrets.join()).not.toMatch(/3000|host/);
});

test('of addresses that are for one sender alone, all that proves who sends is secret', () => {
  const env = {
    ALERT_WEBHOOK_URL: 'https://hooks.example/services/T0/B0/abcdefghijklmnopqrstuvwx?key=hidden#part',
    SENTRY_DSN: 'https://0123456789abcdef@o1.sentry.example/42',
    SMTP_URL: 'smtps://me:p%40ss@mail.example',
  };
  const secrets = listSecrets(env);
  expect(secrets).toEqual(
    expect.arrayContaining([
      env.ALERT_WEBHOOK_URL,
      'https://hooks.example/services/T0/B0/abcdefghijklmnopqrstuvwx',
      '/services/T0/B0/abcdefghijklmnopqrstuvwx',
      'abcdefghijklmnopqrstuvwx',
      'key=hidden',
      env.SENTRY_DSN,
      '0123456789abcdef',
      ...['p@ss', 'p%40ss'],
    ]),
  );
  for (const word of ['services', 'https://hooks.example', '42', 'me', '/']) expect(secrets).not.toContain(word);
});
