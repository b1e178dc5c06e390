import { useLive } from '../api/live.tsx';
import type { LiveState } from '../api/live-connection.ts';
import { formatTime } from '../ui/format.ts';

const SIGNS: Record<LiveState, { tone: string; label: string }> = {
  connecting: { tone: 'quiet', label: 'Connecting …' },
  live: { tone: 'good', label: 'Live' },
  polling: { tone: 'warn', label: 'Every 10 s' },
  lost: { tone: 'bad', label: 'Connection lost' },
};

/** Whether what is shown is what is. */
export function LiveSign() {
  const { state } = useLive();
  const { tone, label } = SIGNS[state];
  return (
    <span role="status" className={`badge ${tone}`}>
      {label}
    </span>
  );
}

/** Too important for a corner. */
export function LostBanner() {
  const { state, heardAtMs } = useLive();
  if (state !== 'lost') return null;
  return (
    <p className="lost" role="alert">
      The API does not answer. This is what was known at {formatTime(heardAtMs)}; the page tries again by itself.
    </p>
  );
}
