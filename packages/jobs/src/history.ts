import {
  activityEntrySchema,
  historyEntrySchema,
  type ActivityEntry,
  type Happening,
  type HistoryEntry,
} from '@tapedeck/contracts';
import type { z } from 'zod';
import { json } from './json.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/** A happening as `note` takes it. What a program has said may be cut in the middle of a character, which Lua refuses. */
export function formatHappening(happening: Happening): string {
  return JSON.stringify(happening, (_key, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );
}

/** The oldest first; nothing of a job that is gone. */
export async function loadHistory(redis: Redis, jobId: string): Promise<HistoryEntry[]> {
  return parseLines(historyEntrySchema, await redis.lrange(keys.history(jobId), 0, -1));
}

/** The newest first. */
export async function loadActivity(redis: Redis, limit: number): Promise<ActivityEntry[]> {
  if (limit < 1) return [];
  return parseLines(activityEntrySchema, await redis.lrange(keys.activity, 0, limit - 1));
}

/** What another version has written, and this one cannot read, must not hide the rest. */
function parseLines<T>(schema: z.ZodType<T>, lines: readonly string[]): T[] {
  const line = json.pipe(schema);
  return lines.flatMap((text) => {
    const parsed = line.safeParse(text);
    return parsed.success ? [parsed.data] : [];
  });
}
