import type { AlertNotice } from '@tapedeck/contracts';
import type { AlertChannel } from './alert-channel.ts';
import { buildAlertLines, buildAlertTitle } from './alert-text.ts';
import { post } from './post.ts';

export function createWebhookChannel(url: string, version: string): AlertChannel {
  const headers = { 'content-type': 'application/json', 'user-agent': `tapedeck/${version}` };
  return {
    name: 'webhook',
    send: (notice, signal) =>
      post(url, { headers, body: JSON.stringify(buildWebhookBody(new URL(url), notice)) }, signal),
  };
}

/**
 * What the one behind the address takes: Slack `{ text }` (Incoming webhooks), Discord `{ content }` (Execute Webhook);
 * any other the notice itself.
 */
export function buildWebhookBody(
  { hostname, pathname }: Pick<URL, 'hostname' | 'pathname'>,
  notice: AlertNotice,
): object {
  const [title, lines] = [buildAlertTitle(notice), buildAlertLines(notice)];
  if (/^hooks\.slack(-gov)?\.com$/.test(hostname)) {
    return { text: escapeForSlack([`*${title}*`, ...lines].join('\n')) };
  }
  if (/^(\w+\.)?discord(app)?\.com$/.test(hostname) && pathname.startsWith('/api/')) {
    return { content: [`**${title}**`, ...lines].join('\n'), allowed_mentions: { parse: [] } };
  }
  return notice;
}

/** Slack: "Formatting text for app surfaces", escaping. */
function escapeForSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
