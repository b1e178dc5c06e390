import type { AlertChannel } from './alert-channel.ts';
import { createEmailChannel, type EmailAddresses } from './email-channel.ts';
import { createSentryChannel } from './sentry-channel.ts';
import { createWebhookChannel } from './webhook-channel.ts';

export interface AlertTargets {
  alertUrl: string | undefined;
  email: EmailAddresses | undefined;
  sentryDsn: string | undefined;
}

/** One for each target that there is. */
export function createAlertChannels({ alertUrl, email, sentryDsn }: AlertTargets, version: string): AlertChannel[] {
  return [
    ...(alertUrl === undefined ? [] : [createWebhookChannel(alertUrl, version)]),
    ...(email === undefined ? [] : [createEmailChannel(email)]),
    ...(sentryDsn === undefined ? [] : [createSentryChannel(sentryDsn, version)]),
  ];
}
