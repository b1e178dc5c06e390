import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { AlertNotice } from '@tapedeck/contracts';
import { SMTPServer } from 'smtp-server';

export interface ReceivedEmail {
  to: string[];
  from: string;
  /** As it came over the wire. */
  raw: string;
}

export interface ReceivedEvent {
  auth: string;
  level: string;
  fingerprint: string[];
  event_id: string;
  environment?: string;
  message: { formatted: string };
  extra: AlertNotice;
}

/** A webhook, a mail server that asks for a password, and Sentry's envelope endpoint. */
export interface AlertTargets {
  alertUrl: string;
  smtpUrl: string;
  sentryDsn: string;
  notices: AlertNotice[];
  emails: ReceivedEmail[];
  events: ReceivedEvent[];
  /** What the webhook answers with; nothing for no answer at all. */
  webhookStatus: number | undefined;
  /** Whether the mail server takes mail. */
  takesEmail: boolean;
  forget(): void;
  stop(): Promise<void>;
}

export const SMTP_PASSWORD = 'p@ss/of-the-mail-server';
const SENTRY_KEY = '0123456789abcdef0123456789abcdef';

export async function startAlertTargets(): Promise<AlertTargets> {
  const [notices, emails, events]: [AlertNotice[], ReceivedEmail[], ReceivedEvent[]] = [[], [], []];
  const http = createServer((request, response) => {
    void text(request).then((body) => {
      if (request.url === '/sentry/api/42/envelope/') {
        const event = JSON.parse(body.split('\n')[2]!) as ReceivedEvent;
        events.push({ ...event, auth: String(request.headers['x-sentry-auth']) });
        response.end('{}');
      } else if (targets.webhookStatus !== undefined) {
        if (targets.webhookStatus === 200) notices.push(JSON.parse(body) as AlertNotice);
        response.writeHead(targets.webhookStatus).end('what it says');
      }
    });
  });
  const smtp = new SMTPServer({
    // Its own certificate is for nobody.
    ...{ hideSTARTTLS: true, allowInsecureAuth: true },
    onAuth: ({ username, password }, _session, done) =>
      password === SMTP_PASSWORD ? done(null, { user: username }) : done(new Error('wrong')),
    onData: (stream, { envelope }, done) => {
      void text(stream).then((raw) => {
        if (!targets.takesEmail) return done(new Error('no room'));
        const from = envelope.mailFrom ? envelope.mailFrom.address : '';
        emails.push({ to: envelope.rcptTo.map(({ address }) => address), from, raw });
        done();
      });
    },
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  await new Promise<void>((done) => smtp.listen(0, '127.0.0.1', done));
  const port = (http.address() as AddressInfo).port;
  const smtpPort = (smtp.server.address() as AddressInfo).port;
  const targets: AlertTargets = {
    alertUrl: `http://127.0.0.1:${port}/hooks/only-we-know-this-path?key=nor-this-key`,
    smtpUrl: `smtp://me%40a.example:${encodeURIComponent(SMTP_PASSWORD)}@127.0.0.1:${smtpPort}`,
    sentryDsn: `http://${SENTRY_KEY}@127.0.0.1:${port}/sentry/42`,
    ...{ notices, emails, events, webhookStatus: 200, takesEmail: true },
    forget() {
      for (const list of [notices, emails, events]) list.length = 0;
      Object.assign(targets, { webhookStatus: 200, takesEmail: true });
    },
    async stop() {
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
      await new Promise<void>((done) => smtp.close(done));
    },
  };
  return targets;
}
