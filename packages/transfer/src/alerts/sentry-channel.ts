import { createHash } from 'node:crypto';
import type { AlertNotice } from '@tapedeck/contracts';
import type { AlertChannel } from './alert-channel.ts';
import { post } from './post.ts';

/**
 * An event for each notice, over Sentry's documented endpoint (develop.sentry.dev, "Envelopes" and "Event payloads").
 * All of one alert are one issue, by their fingerprint.
 */
export function createSentryChannel(dsn: string, version: string): AlertChannel {
  const { endpoint, key } = parseDsn(dsn);
  const client = `tapedeck/${version}`;
  const headers = {
    'content-type': 'application/x-sentry-envelope',
    'user-agent': client,
    'x-sentry-auth': `Sentry sentry_version=7, sentry_client=${client}, sentry_key=${key}`,
  };
  return {
    name: 'sentry',
    send: (notice, signal) => post(endpoint, { headers, body: buildEnvelope(notice, version) }, signal),
  };
}

/** https://key@host/path/project → where its envelopes go */
function parseDsn(dsn: string): { endpoint: URL; key: string } {
  const url = new URL(dsn);
  const at = url.pathname.lastIndexOf('/');
  const endpoint = new URL(`${url.pathname.slice(0, at)}/api/${url.pathname.slice(at + 1)}/envelope/`, url.origin);
  return { endpoint, key: url.username };
}

function buildEnvelope(notice: AlertNotice, version: string): string {
  const { alert, status, severity, summary, since, until, environment } = notice;
  // Sent twice, it is one event.
  const eventId = createHash('sha256')
    .update([environment, alert, status, since].join('\n'))
    .digest('hex')
    .slice(0, 32);
  const event = {
    event_id: eventId,
    timestamp: until ?? since,
    platform: 'node',
    level: status === 'firing' ? 'error' : 'info',
    logger: 'tapedeck.alerts',
    message: { formatted: `${status === 'firing' ? '' : 'Resolved: '}${summary}` },
    fingerprint: ['tapedeck-alert', alert],
    tags: { alert, status, severity },
    extra: notice,
    release: `tapedeck@${version}`,
    ...(environment !== '' && { environment }),
  };
  const header = { event_id: eventId, sent_at: new Date().toISOString() };
  return [header, { type: 'event' }, event].map((part) => `${JSON.stringify(part)}\n`).join('');
}
