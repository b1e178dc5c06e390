import { buildRunbook, type AlertNotice } from '@tapedeck/contracts';
import type { AlertMessage } from './alert-state.ts';
import type { Condition } from './conditions.ts';

/** Where a notice comes from, for people who have several of these. */
export type AlertOrigin = Pick<AlertNotice, 'environment' | 'dashboardUrl'>;

export function buildNotice(
  { alert, severity, title, meaning }: Omit<Condition<never>, 'find' | 'forMs'>,
  { status, sinceMs, untilMs, finding }: AlertMessage,
  origin: AlertOrigin,
): AlertNotice {
  return {
    ...{ alert, status, severity },
    summary: untilMs === undefined ? finding.summary : `Over after ${formatMinutes(untilMs - sinceMs)}: ${title}.`,
    meaning: untilMs === undefined ? meaning : `It last said: ${finding.summary}`,
    since: new Date(sinceMs).toISOString(),
    until: untilMs === undefined ? null : new Date(untilMs).toISOString(),
    figures: finding.figures,
    ...origin,
    runbook: buildRunbook(alert),
  };
}

function formatMinutes(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}
