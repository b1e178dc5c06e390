import { buildRunbook, type AlertNotice } from '@tapedeck/contracts';
import { ConfigError, createRedactor, listSecrets, VERSION } from '@tapedeck/runtime';
import { createAlertChannels, type AlertChannel } from '@tapedeck/transfer';
import { Command } from 'commander';
import { loadAlertConfig } from '../config.ts';
import { EXIT_CODES } from '../exit-code.ts';

const TIMEOUT_MS = 30_000;

/** `tapedeck alert-test`: a notice of nothing over each channel. */
export function createAlertTestCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('alert-test')
    .description(
      'Sends a test message to ALERT_WEBHOOK_URL, ALERT_EMAIL_TO and SENTRY_DSN. Exit code 1 unless all take it.',
    )
    .option('--json', 'one JSON object instead of lines')
    .action(async ({ json = false }: { json?: boolean }) => {
      const { origin, ...targets } = loadAlertConfig(env);
      const channels = createAlertChannels(targets, VERSION);
      if (channels.length === 0) {
        throw new ConfigError('nobody would be told: set ALERT_WEBHOOK_URL, ALERT_EMAIL_TO or SENTRY_DSN');
      }
      const redact = createRedactor({ secrets: listSecrets(env), dirs: {} });
      const failures = await Promise.all(channels.map((channel) => trySend(channel, origin)));
      const outcomes = channels.map(({ name }, index): Outcome => {
        const failure = failures[index];
        return failure === undefined ? { name, ok: true } : { name, ok: false, failure: redact(failure) };
      });
      const ok = outcomes.every((outcome) => outcome.ok);
      process.stdout.write(
        json ? `${JSON.stringify({ ok, channels: outcomes })}\n` : outcomes.map(describeOutcome).join(''),
      );
      process.exitCode = ok ? EXIT_CODES.done : EXIT_CODES.failed;
    });
}

type Outcome = { name: string; ok: true } | { name: string; ok: false; failure: string };

function describeOutcome(outcome: Outcome): string {
  return outcome.ok ? `ok    ${outcome.name} took it\n` : `FAIL  ${outcome.name}: ${outcome.failure}\n`;
}

/** @returns why it was not taken */
async function trySend(channel: AlertChannel, origin: Pick<AlertNotice, 'environment' | 'dashboardUrl'>) {
  const notice: AlertNotice = {
    ...{ alert: 'TapedeckTest', status: 'firing', severity: 'warning' },
    ...{ summary: 'This is a test: nothing is the matter.', meaning: 'Alerts of this installation arrive here.' },
    ...{ since: new Date().toISOString(), until: null, figures: {}, runbook: buildRunbook('Alerts') },
    ...origin,
  };
  return channel.send(notice, AbortSignal.timeout(TIMEOUT_MS)).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
