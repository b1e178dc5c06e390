import { ConfigError, type Environment } from './environment.ts';
import { resolvePublicUrl } from './public-url.ts';

/** Where alerts are sent: what createAlertChannels takes. */
export interface AlertConfig {
  alertUrl: string | undefined;
  email: { to: readonly string[]; from: string; smtpUrl: string } | undefined;
  sentryDsn: string | undefined;
  /** What every message says of where it comes from. */
  origin: { environment: string; dashboardUrl: string };
}

/** The variables that decide it; every replica of the API must have the same. */
export const ALERT_VARIABLES = [
  'ALERT_WEBHOOK_URL',
  'ALERT_EMAIL_TO',
  'ALERT_EMAIL_FROM',
  'SMTP_URL',
  'SENTRY_DSN',
  'ENVIRONMENT_NAME',
  'PUBLIC_URL',
  'PORT',
] as const;

/** @throws ConfigError naming the variable that another one needs */
export function resolveAlerts(environment: Environment<(typeof ALERT_VARIABLES)[number]>): AlertConfig {
  return {
    alertUrl: environment.ALERT_WEBHOOK_URL,
    email: resolveEmail(environment),
    sentryDsn: environment.SENTRY_DSN,
    origin: { environment: environment.ENVIRONMENT_NAME, dashboardUrl: `${resolvePublicUrl(environment)}/admin` },
  };
}

function resolveEmail(environment: Environment<(typeof ALERT_VARIABLES)[number]>) {
  const { ALERT_EMAIL_TO: to, ALERT_EMAIL_FROM: from, SMTP_URL: smtpUrl } = environment;
  if (to.length === 0 && from === undefined && smtpUrl === undefined) return undefined;
  if (to.length === 0) throw new ConfigError('ALERT_EMAIL_TO: expected who gets the e-mails of SMTP_URL, got nothing');
  if (smtpUrl === undefined) {
    throw new ConfigError('SMTP_URL: expected the server for the e-mails to ALERT_EMAIL_TO, got nothing');
  }
  return { to, from: from ?? `tapedeck@${new URL(resolvePublicUrl(environment)).hostname}`, smtpUrl };
}
