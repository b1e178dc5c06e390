import { TapedeckError } from './tapedeck-error.ts';

/** More is less: a timer cannot be set for longer, and fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A signal that is aborted in time, whatever happens. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** From now on it is this long, in milliseconds. */
  extend(timeoutMs: number): void;
  /** Leaves no timer and no listener, and ends what still listens to the signal. */
  end(): void;
}

/**
 * Aborted after `timeoutMs` with a TIMEOUT, or with the caller's own signal and its reason. By hand: AbortSignal.any is
 * younger than Node 18, and the timer of AbortSignal.timeout cannot be taken back.
 * @param timeoutMs none for a deadline that only the caller's signal makes
 * @param expected what did not come in time, for the error
 */
export function startDeadline(
  timeoutMs: number | undefined,
  expected: string,
  signal: AbortSignal | undefined,
): Deadline {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onAbort = (): void => controller.abort(signal?.reason);
  const deadline: Deadline = {
    signal: controller.signal,
    extend(nextMs) {
      clearTimeout(timer);
      const late = new TapedeckError('TIMEOUT', `expected ${expected} within ${nextMs} ms`, { retryable: true });
      timer = setTimeout(() => controller.abort(late), nextMs);
    },
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      controller.abort();
    },
  };
  if (timeoutMs !== undefined) deadline.extend(timeoutMs);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return deadline;
}

/**
 * Waits, for the signal as well.
 * @throws the reason of the signal
 */
export async function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, durationMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
