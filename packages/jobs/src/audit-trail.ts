import type { AuditAnswer, AuditEntry } from '@tapedeck/contracts';
import { z } from 'zod';
import { json } from './json.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/** What is kept of somebody's deed; when it was done is for Redis to say. */
export type AuditLine = Omit<AuditEntry, 'id' | 'atMs'>;

const lineSchema: z.ZodType<AuditLine> = z.object({
  action: z.string(),
  who: z.string().nullable(),
  via: z.enum(['key', 'session', 'login']),
  outcome: z.enum(['done', 'refused', 'failed']),
  status: z.int(),
  ip: z.string(),
  about: z.string(),
});

/** About so many are kept, the newest; the log has the others. */
const MAX_LINES = 10_000;

export async function appendAudit(redis: Redis, line: AuditLine): Promise<void> {
  await redis.xadd(keys.audit, 'MAXLEN', '~', MAX_LINES, '*', 'line', JSON.stringify(line));
}

/** The newest first, from before the entry `before` on. A line that this version cannot read is left out. */
export async function loadAudit(
  redis: Redis,
  { limit, before }: { limit: number; before: string | undefined },
): Promise<AuditAnswer> {
  const rows = await redis.xrevrange(keys.audit, before === undefined ? '+' : `(${before}`, '-', 'COUNT', limit + 1);
  const shown = rows.slice(0, limit);
  const entries = shown.flatMap(([id, [, text]]) => {
    const { data } = json.pipe(lineSchema).safeParse(text);
    return data ? [{ id, atMs: Number.parseInt(id, 10), ...data }] : [];
  });
  return { entries, next: rows.length > limit ? (shown.at(-1)?.[0] ?? null) : null };
}
