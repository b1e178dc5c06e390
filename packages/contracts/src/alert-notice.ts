/** What operators are told of one alert: the body of the POST to ALERT_WEBHOOK_URL, where it is neither Slack's nor Discord's. */
export interface AlertNotice {
  /** Its name in Prometheus, too: `TapedeckQueueLong`. */
  alert: string;
  status: 'firing' | 'resolved';
  severity: 'warning' | 'critical';
  /** What is, or was, the matter, with its figures. */
  summary: string;
  /** What follows from it. */
  meaning: string;
  /** ISO 8601: since when it held. */
  since: string;
  /** ISO 8601: since when it holds no more; null while it does. */
  until: string | null;
  /** The numbers of the summary, by name; with units in the names. */
  figures: Readonly<Record<string, number>>;
  /** Which installation; empty where ENVIRONMENT_NAME says nothing. */
  environment: string;
  /** Where operators look. */
  dashboardUrl: string;
  /** Where the documentation says what to do: a path in the repository, and an anchor. */
  runbook: string;
}

/** The section of docs/operations.md that is about an alert. */
export function buildRunbook(alert: string): string {
  return `docs/operations.md#${alert.toLowerCase()}`;
}
