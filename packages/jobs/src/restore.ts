import type { JournalEntry } from './journal.ts';
import { IDEMPOTENCY_TTL_MS, keys } from './keys.ts';
import { waitingFields } from './record.ts';
import { createScript, type Redis } from './redis.ts';

/**
 * Brings one job to where its entry says that it was. Never back: what Redis knows of the same run, or of a later one,
 * stays. Except that a job which has ended ends again with the same event, where Redis says that it lives, or knows of
 * another end that nobody has heard of.
 *
 * KEYS job, unqueued, alive, outbox, live, idempotency
 * ARGV stage, run, nowMs, jobId, bodyHash, ttlMs, eventId, field, value, …
 */
const RESTORE = createScript(
  `
  local status = redis.call('HGET', KEYS[1], 'status')
  if status then
    local knownRun = tonumber(redis.call('HGET', KEYS[1], 'run') or '1')
    local lives = status == 'queued' or status == 'processing'
    if knownRun > tonumber(ARGV[2]) then return 0 end
    if ARGV[1] == 'accepted' and (lives or knownRun == tonumber(ARGV[2])) then return 0 end
    if ARGV[1] ~= 'accepted' and not lives and knownRun == tonumber(ARGV[2]) then
      local eventId = redis.call('HGET', KEYS[1], 'eventId')
      if eventId == ARGV[7] or eventId == redis.call('HGET', KEYS[1], 'journaledEventId') then return 0 end
    end
  elseif ARGV[1] == 'closed' then
    return 0
  end
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], unpack(ARGV, 8))
  for at = 2, 4 do redis.call('ZREM', KEYS[at], ARGV[4]) end
  if ARGV[1] == 'accepted' then
    redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
    redis.call('ZADD', KEYS[3], ARGV[3], ARGV[4])
    redis.call('SET', KEYS[5], ARGV[4], 'NX')
  else
    if ARGV[1] == 'settled' then redis.call('ZADD', KEYS[4], ARGV[3], ARGV[4]) end
    if redis.call('GET', KEYS[5]) == ARGV[4] then redis.call('DEL', KEYS[5]) end
  end
  if KEYS[6] ~= '' then redis.call('SET', KEYS[6], ARGV[4] .. ' ' .. ARGV[5], 'PX', ARGV[6], 'NX') end
  return 1
  `,
);

/**
 * Of an accepted job a new run begins, so that no entry and no attempt of the run that Redis has forgotten can do
 * anything any more. It is in `unqueued` then. Of a settled one the event is in the outbox.
 * @returns whether anything changed
 */
export async function restoreEntry(redis: Redis, { stage, jobId, run, fields }: JournalEntry): Promise<boolean> {
  const { fingerprint = '', idempotency = '', bodyHash = '', eventId = '' } = fields;
  const restored: Record<string, string | number> =
    stage === 'accepted' ? { ...waitingFields(fields), run: run + 1 } : fields;
  const result = await RESTORE.run(
    redis,
    [keys.job(jobId), keys.unqueued, keys.alive, keys.outbox, keys.live(fingerprint), idempotency],
    [stage, run, Date.now(), jobId, bodyHash, IDEMPOTENCY_TTL_MS, eventId, ...Object.entries(restored).flat()],
  );
  return result === 1;
}
