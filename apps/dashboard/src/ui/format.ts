const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `1536000` → `1.5 MB` */
export function formatBytes(bytes: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${BYTE_UNITS[power]}`;
}

/** `3725` → `1 h 2 min` */
export function formatDuration(sec: number): string {
  if (sec < 1) return `${Math.round(sec * 1000)} ms`;
  if (sec < 60) return `${sec < 10 && !Number.isInteger(sec) ? sec.toFixed(1) : Math.round(sec)} s`;
  const minutes = Math.round(sec / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

/** `0:07`, `1:02:05`: as players show it. */
export function formatClock(sec: number): string {
  const whole = Math.max(0, Math.floor(sec));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(seconds)}` : `${minutes}:${padded(seconds)}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

export function formatPercent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio > 0.99 && ratio < 1 ? 2 : ratio === 1 ? 0 : 1)} %`;
}

/** In the operator's own time zone. */
export function formatTime(atMs: number): string {
  return new Date(atMs).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}

/** `just now`, `5 min ago`, `in 2 min` */
export function formatAge(atMs: number, nowMs: number): string {
  const sec = (nowMs - atMs) / 1000;
  if (Math.abs(sec) < 5) return 'just now';
  const whole = Math.round(Math.abs(sec));
  const text = whole < 60 ? `${whole} s` : formatDuration(whole);
  return sec > 0 ? `${text} ago` : `in ${text}`;
}
