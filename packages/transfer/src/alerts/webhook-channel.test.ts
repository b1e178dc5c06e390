import { expect, test } from '@jest/globals';
import type { AlertNotice } from '@tapedeck/contracts';
import { buildWebhookBody } from './webhook-channel.ts';

const NOTICE: AlertNotice = {
  ...{ alert: 'TapedeckQueueLong', status: 'firing', severity: 'warning' },
  ...{ summary: '101 conversions wait & more <come>.', meaning: 'Whoever waits, waits long.' },
  ...{ since: '2026-11-22T10:00:00.000Z', until: null, figures: { waiting: 101 }, environment: 'production' },
  ...{ dashboardUrl: 'https://t.example/admin', runbook: 'docs/operations.md#tapedeckqueuelong' },
};
const LINES = `
101 conversions wait & more <come>.
Whoever waits, waits long.
Since 2026-11-22T10:00:00.000Z
https://t.example/admin · what to do: docs/operations.md#tapedeckqueuelong`;

const bodyFor = (url: string, changes: Partial<AlertNotice> = {}) =>
  buildWebhookBody(new URL(url), { ...NOTICE, ...changes });

test('Slack gets a text, in which nothing is markup that we did not mean', () => {
  expect(bodyFor('https://hooks.slack.com/services/T0/B0/x')).toEqual({
    text: `*[production] FIRING TapedeckQueueLong*${LINES.replace('&', '&amp;').replace('<come>', '&lt;come&gt;')}`,
  });
});

test.each(['discord.com', 'discordapp.com', 'canary.discord.com'])('%s gets a content that pings nobody', (host) => {
  expect(bodyFor(`https://${host}/api/webhooks/1/x`)).toEqual({
    content: `**[production] FIRING TapedeckQueueLong**${LINES}`,
    allowed_mentions: { parse: [] },
  });
});

test('what is over says from when to when, and an installation without a name has none', () => {
  const over = { status: 'resolved', until: '2026-11-22T10:30:00.000Z', environment: '' } as const;
  const { text } = bodyFor('https://hooks.slack.com/x', over) as { text: string };
  expect(text).toMatch(/^\*RESOLVED TapedeckQueueLong\*\n/);
  expect(text).toContain('\nFrom 2026-11-22T10:00:00.000Z to 2026-11-22T10:30:00.000Z\n');
});

test.each(['https://hooks.slack.com.evil.example/x', 'https://alerts.example/discord.com/api/', 'http://10.0.0.1/'])(
  'any other gets the notice as it is: %s',
  (url) => expect(bodyFor(url)).toEqual(NOTICE),
);
