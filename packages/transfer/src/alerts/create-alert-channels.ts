import type { AlertChannel } from './alert-channel.ts';
import { createEmailChannel, type EmailAddresses } from './email-channel.ts';
import { createSentryChannel } from './sentry-channel.ts';
import { createWebhookChannel } from './webhook-channel.ts';

export interface AlertTargets {
  alertWebhookUrl: string | undefined;
  email: EmailAddresses | undefined;
  sentryDsn: string | undefined;
}

/** One for each target that there is. */
export function createAlertChannels(
  { alertWebhookUrl, email, sentryDsn }: AlertTargets,
  version: string,
): AlertChannel[] {
  return [
    ...(alertWebhookUrl === undefined ? [] : [createWebhookChannel(alertWebhookUrl, version)]),
    ...(email === undefined ? [] : [createEmailChannel(email)]),
    ...(sentryDsn === undefined ? [] : [createSentryChannel(sentryDsn, version)]),
  ];
}
