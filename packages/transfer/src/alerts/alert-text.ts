import type { AlertNotice } from '@tapedeck/contracts';

/** `[production] FIRING TapedeckQueueLong`: how lines about one installation and one alert are found again. */
export function buildAlertTitle({ environment, status, alert }: AlertNotice): string {
  return `${environment === '' ? '' : `[${environment}] `}${status.toUpperCase()} ${alert}`;
}

/** What people read, in lines. */
export function buildAlertLines({ summary, meaning, since, until, dashboardUrl, runbook }: AlertNotice): string[] {
  return [
    summary,
    meaning,
    until === null ? `Since ${since}` : `From ${since} to ${until}`,
    `${dashboardUrl} · what to do: ${runbook}`,
  ];
}
