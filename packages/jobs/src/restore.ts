import { uploadOf } from '@tapedeck/contracts';
import type { JournalEntry } from './journal.ts';
import { IDEMPOTENCY_TTL_MS, keys, storedName } from './keys.ts';
import { parseRecord, waitingFields, type RecordFields } from './record.ts';
import { createRecordScript } from './record-script.ts';
import type { Redis } from './redis.ts';

/**
 * Brings one job to where its entry says that it was, and never back.
 *
 * | Redis has            | accepted                | settled         | closed                                |
 * | -------------------- | ----------------------- | --------------- | ------------------------------------- |
 * | nothing              | lives, in the next run  | ends, untold    | stays gone; ends, if it was exhausted |
 * | a later run          | stays                   | stays           | stays                                 |
 * | this run, alive      | stays                   | ends, untold    | ends, told                            |
 * | this run, ended      | stays                   | stays, unless its end is another that nobody was told of |
 * | an earlier run       | lives, in the next run  | ends, untold    | ends, told                            |
 *
 * Its history begins anew.
 *
 * KEYS job, unqueued, alive, outbox, live, idempotency
 * ARGV state, run, nowMs, jobId, bodyHash, ttlMs, eventId, callbackStatus, field, value, …
 */
const RESTORE = createRecordScript(
  `
  local status = redis.call('HGET', KEYS[1], 'status')
  if status then
    local knownRun = tonumber(redis.call('HGET', KEYS[1], 'run') or '1')
    local lives = status == 'queued' or status == 'processing'
    if knownRun > tonumber(ARGV[2]) then return 0 end
    if knownRun == tonumber(ARGV[2]) then
      if ARGV[1] == 'accepted' then return 0 end
      local eventId = redis.call('HGET', KEYS[1], 'eventId')
      local wasTold = eventId == redis.call('HGET', KEYS[1], 'journaledEventId')
      if not lives and (eventId == ARGV[7] or wasTold) then return 0 end
    end
  elseif ARGV[1] == 'closed' and ARGV[8] ~= 'exhausted' then
    return 0
  end
  unlist(ARGV[4])
  redis.call('DEL', KEYS[1], keyOf('history', ARGV[4]))
  redis.call('HSET', KEYS[1], unpack(ARGV, 9))
  list(ARGV[4])
  for at = 2, 4 do redis.call('ZREM', KEYS[at], ARGV[4]) end
  if ARGV[1] == 'accepted' then
    redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
    redis.call('ZADD', KEYS[3], ARGV[3], ARGV[4])
    redis.call('SET', KEYS[5], ARGV[4], 'NX')
    note(ARGV[4], '{"what":"put-back","run":' .. ARGV[2] .. '}')
  else
    if ARGV[1] == 'settled' then redis.call('ZADD', KEYS[4], ARGV[3], ARGV[4]) end
    if redis.call('GET', KEYS[5]) == ARGV[4] then redis.call('DEL', KEYS[5]) end
  end
  if KEYS[6] ~= '' then redis.call('SET', KEYS[6], ARGV[4] .. ' ' .. ARGV[5], 'PX', ARGV[6], 'NX') end
  return 1
  `,
);

/** ARGV stored name, bytes */
const STORE = createRecordScript(`store(ARGV[1], tonumber(ARGV[2]))`);

/**
 * Of an accepted job the next run begins, so that no entry and no attempt of the run that Redis has forgotten can do
 * anything any more. It is in `unqueued` then. Of a settled one the event is in the outbox.
 * @param entry of a closed job with the fields of its `settled`
 * @returns whether anything changed
 */
export async function restoreEntry(redis: Redis, { state, jobId, run, fields }: JournalEntry): Promise<boolean> {
  const { fingerprint = '', idempotency = '', bodyHash = '', eventId = '', callbackStatus = '' } = fields;
  const { reference, slug } = parseRecord(fields).request;
  // What it was listed as is of the Redis that is lost.
  const { listedAs: _listedAs, listedCode: _listedCode, ...known }: RecordFields = { ...fields, reference, slug };
  const restored: Record<string, string | number> =
    state === 'accepted'
      ? { ...waitingFields(known), run: run + 1 }
      : { ...known, ...(eventId && { journaledEventId: eventId }) };
  const result = await RESTORE.run(
    redis,
    [keys.job(jobId), keys.unqueued, keys.alive, keys.outbox, keys.live(fingerprint), idempotency],
    [
      ...[state, run, Date.now(), jobId, bodyHash, IDEMPOTENCY_TTL_MS, eventId, callbackStatus],
      ...Object.entries(restored).flat(),
    ],
  );
  // Whose result lies there is not in the journal; the first that comes back has the best claim.
  if (result === 1 && fields.status === 'completed') {
    const { request, outputName, output } = parseRecord(fields);
    const isOurs = (await redis.set(keys.publisher(request.bucket, outputName), `${jobId} `, 'NX')) !== null;
    if (isOurs && output && !uploadOf(request)) {
      await STORE.run(redis, [], [storedName(request.bucket, outputName), output.size]);
    }
  }
  return result === 1;
}
