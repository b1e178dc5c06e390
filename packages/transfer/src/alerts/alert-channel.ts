import type { AlertNotice } from '@tapedeck/contracts';

/** A way to operators. */
export interface AlertChannel {
  name: 'webhook' | 'email' | 'sentry';
  /**
   * Resolves when the other side has taken the notice.
   * @throws Error saying why it has not, in ten seconds at the latest or when the signal says so. What it says may quote
   * the other side.
   */
  send(notice: AlertNotice, signal: AbortSignal): Promise<void>;
}
