import { useNowMs } from './clock.ts';
import { formatAge, formatTime } from './format.ts';

/** How long ago it was; the time itself is in the title. */
export function Age({ at }: { at: number | string }) {
  const atMs = typeof at === 'number' ? at : Date.parse(at);
  const nowMs = useNowMs();
  return (
    <time dateTime={new Date(atMs).toISOString()} title={formatTime(atMs)}>
      {formatAge(atMs, nowMs)}
    </time>
  );
}
