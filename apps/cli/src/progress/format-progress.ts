import { drawBar } from './draw-bar.ts';

export interface ProgressFigures {
  /** Of all that there is to do, 0 to 100. */
  percent: number;
  /** What is being done, in a word; empty where there is only one thing. */
  phase: string;
  /** How fast, or how much: "3.1×", "12.4 MB/s", "12 of 30". */
  speed?: string | undefined;
  /** undefined: it is told from how percents come. */
  leftSec?: number | undefined;
}

const MAX_CELLS = 25;
const MIN_CELLS = 5;
/** Of the longest phase: the bar stays where it is when the phase changes. */
const PHASE_CHARS = 9;

/**
 * `encode    [##########...............]  42 %  3.1×  0:12 left`, in at most `columns` characters: a narrow terminal
 * gets a shorter bar, then less beside it, then the percent alone.
 */
export function formatProgress({ percent, phase, speed, leftSec }: ProgressFigures, columns: number): string {
  const share = `${String(Math.floor(percent)).padStart(3)} %`;
  const left = leftSec === undefined ? undefined : `${formatDuration(leftSec)} left`;
  const name = phase === '' ? '' : `${phase.padEnd(PHASE_CHARS)} `;
  for (const facts of [[share, speed, left], [share, left], [share]]) {
    const rest = facts.filter((fact) => fact !== undefined).join('  ');
    const cells = Math.min(MAX_CELLS, columns - name.length - rest.length - '[] '.length);
    if (cells >= MIN_CELLS) return `${name}${drawBar(percent, cells)} ${rest}`;
  }
  return share.trim().slice(0, Math.max(0, columns));
}

/** `0:07`, `12:34`, `1:02:03` */
export function formatDuration(durationSec: number): string {
  const whole = Math.max(0, Math.ceil(durationSec));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (part: number): string => String(part).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}
