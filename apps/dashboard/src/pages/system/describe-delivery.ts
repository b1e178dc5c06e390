import type { TestCallbackAnswer } from '@tapedeck/contracts';
import { formatDuration } from '../../ui/format.ts';

/** What became of a callback that was sent to try a receiver. */
export function describeDelivery({ httpStatus, durationMs, isDelivered, problem }: TestCallbackAnswer): string {
  const took = formatDuration(durationMs / 1000);
  if (httpStatus === null) return problem ?? `There was no answer within ${took}.`;
  if (isDelivered) return `The receiver answered HTTP ${httpStatus} within ${took}.`;
  return `The receiver answered HTTP ${httpStatus} within ${took}. ${adviseOn(httpStatus)}`;
}

function adviseOn(httpStatus: number): string {
  if (httpStatus === 401 || httpStatus === 403) return 'Does it check the signature with the right secret?';
  if (httpStatus === 404 || httpStatus === 410) return 'Is the path right?';
  if (httpStatus >= 300 && httpStatus < 400) return 'Redirects are not followed: give the URL that it leads to.';
  return httpStatus >= 500 ? 'Its own log says why.' : 'Only 2xx counts as delivered.';
}
