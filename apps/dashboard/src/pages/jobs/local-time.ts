/** Between the API's times and fields of type datetime-local, which speak of the operator's own time zone. */

const WHOLE_MINUTE_CHARS = 16;

/** `2026-02-01T11:30:00Z` → `2026-02-01T12:30`, in Berlin; empty for what is no time. */
export function toLocalField(time: string | undefined): string {
  const date = new Date(time ?? '');
  if (Number.isNaN(date.getTime())) return '';
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, WHOLE_MINUTE_CHARS);
}

/** `2026-02-01T12:30` → `2026-02-01T11:30:00.000Z`, in Berlin; empty for an empty or half-filled field. */
export function parseLocalField(value: string): string {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
