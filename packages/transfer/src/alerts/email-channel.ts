import { createTransport } from 'nodemailer';
import type { AlertChannel } from './alert-channel.ts';
import { buildAlertLines, buildAlertTitle } from './alert-text.ts';

export interface EmailAddresses {
  to: readonly string[];
  from: string;
  /** smtp: or smtps:, with user name and password where the server wants them. */
  smtpUrl: string;
}

const TIMEOUT_MS = 10_000;
const TIMEOUTS = {
  dnsTimeout: TIMEOUT_MS,
  connectionTimeout: TIMEOUT_MS,
  greetingTimeout: TIMEOUT_MS,
  socketTimeout: TIMEOUT_MS,
  socketCloseTimeout: 1_000,
};

/** One e-mail to all; a connection for each, because there is nothing to send for weeks. */
export function createEmailChannel({ to, from, smtpUrl }: EmailAddresses): AlertChannel {
  // It reads what the text names from files and URLs unless told not to.
  const transport = createTransport({ url: smtpUrl, ...TIMEOUTS, disableFileAccess: true, disableUrlAccess: true });
  return {
    name: 'email',
    async send(notice, signal) {
      const { rejected } = await transport.sendMail({
        ...{ to: [...to], from, subject: `${buildAlertTitle(notice)}: ${notice.summary}` },
        text: `${buildAlertLines(notice).join('\n\n')}\n`,
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      // Those that took it would get it again and again: for one that did not, the others are told.
      if (rejected.length === to.length) throw new Error(`refused for ${rejected.join(', ')}`);
    },
  };
}
