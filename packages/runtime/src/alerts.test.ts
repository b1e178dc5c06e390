import { expect, test } from '@jest/globals';
import { ALERT_VARIABLES, resolveAlerts } from './alerts.ts';
import { loadEnvironment } from './environment.ts';

const resolve = (env: Record<string, string>) => resolveAlerts(loadEnvironment(env, ALERT_VARIABLES));
const EMAIL = {
  ALERT_EMAIL_TO: 'one@a.example, Two@a.example',
  ALERT_EMAIL_FROM: 'tapedeck@a.example',
  SMTP_URL: 'smtp://user:p%40ss@a.example:587',
};

test('without variables nobody is told', () => {
  expect(resolve({})).toEqual({
    ...{ alertUrl: undefined, email: undefined, sentryDsn: undefined },
    origin: { environment: '', dashboardUrl: 'http://localhost:3000/admin' },
  });
});

test('whoever is named is told, and from where', () => {
  const env = { ...EMAIL, ENVIRONMENT_NAME: 'production', PUBLIC_URL: 'https://t.example/' };
  expect(resolve(env)).toMatchObject({
    email: { to: ['one@a.example', 'two@a.example'], from: EMAIL.ALERT_EMAIL_FROM, smtpUrl: EMAIL.SMTP_URL },
    origin: { environment: 'production', dashboardUrl: 'https://t.example/admin' },
  });
});

test('e-mails come from our own host where nothing else is said', () => {
  const env = { ...EMAIL, ALERT_EMAIL_FROM: '', PUBLIC_URL: 'https://t.example/' };
  expect(resolve(env).email?.from).toBe('tapedeck@t.example');
});

test.each(['ALERT_EMAIL_TO', 'SMTP_URL'])('e-mails without %s are an error that names it', (name) => {
  expect(() => resolve({ ...EMAIL, [name]: '' })).toThrow(new RegExp(`^${name}: expected .*, got nothing$`));
});
