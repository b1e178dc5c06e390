import { activityEntrySchema } from '@tapedeck/contracts';
import { HOUR_TTL_MS, PREFIX } from './keys.ts';
import { createScript, type RedisScript } from './redis.ts';

/** A job that is tried again and again must not fill Redis. */
const HISTORY_LINES = 200;
const ACTIVITY_LINES = 500;
const SALIENT = activityEntrySchema.shape.what.options.map((what) => `['${what}'] = true`).join(', ');

/**
 * Scripts that change a job's record say so with one of these, in the same step:
 *
 * - `changed(jobId)`: whoever watches the job hears of it.
 * - `list(jobId)`: the same, and the indexes are brought to what the record says. What always holds after it: a visible
 *   job is in `created` under its status and kind and nowhere else, in `ended` likewise once it has ended, in both under
 *   the code of its error, too, once it has failed, in `names` with its reference and its slug, in `references`, and in
 *   `results` if it was completed and its result neither deleted nor found to be another's; one that is hidden, or gone,
 *   is in none of them.
 * - `unlist(jobId)`: before a record is removed or written anew.
 * - `note(jobId, json)`: what has happened, a happening, is the last line of the job's history, at the time of Redis'
 *   clock: so the lines are in their order, whoever writes them. What is salient is in `activity`, too.
 * - `tell(jobId, what, code or nil)`: the latter alone.
 *
 * The kind is the beginning of the id. Keys are made from ids here, so this is for one Redis, and not for a cluster.
 */
const LIBRARY = `
  local function keyOf(...) return '${PREFIX}:' .. table.concat({...}, ':') end

  local function changed(jobId)
    local version = redis.call('HINCRBY', keyOf('job', jobId), 'version', 1)
    redis.call('PUBLISH', keyOf('changes', jobId), version)
  end

  local function namesOf(jobId, reference, slug)
    local names = {}
    for _, name in ipairs({ reference or '', slug or '' }) do
      if name ~= '' then names[#names + 1] = string.lower(name) .. '\\0' .. jobId end
    end
    return names
  end

  local function unlist(jobId)
    local job = keyOf('job', jobId)
    local listedAs, listedCode, reference, slug = unpack(
      redis.call('HMGET', job, 'listedAs', 'listedCode', 'reference', 'slug'))
    if not listedAs then return end
    local kind = string.match(jobId, '^%a+')
    for _, index in ipairs({ 'created', 'ended' }) do
      redis.call('ZREM', keyOf(index, listedAs, kind), jobId)
      if listedCode then redis.call('ZREM', keyOf(index, listedAs, kind, listedCode), jobId) end
    end
    redis.call('ZREM', keyOf('exhausted'), jobId)
    redis.call('ZREM', keyOf('results'), jobId)
    for _, name in ipairs(namesOf(jobId, reference, slug)) do redis.call('ZREM', keyOf('names'), name) end
    redis.call('ZREM', keyOf('references'), (reference or '') .. '\\0' .. jobId)
    redis.call('HDEL', job, 'listedAs', 'listedCode')
  end

  local function codeOf(jobId)
    local isJson, problem = pcall(cjson.decode, redis.call('HGET', keyOf('job', jobId), 'error') or '')
    return isJson and problem.code
  end

  local function list(jobId)
    changed(jobId)
    local job = keyOf('job', jobId)
    local status, listedAs, hidden, createdAtMs, finishedAtMs, callbackStatus, reference, slug, resultDeletedAtMs, resultForgottenAtMs = unpack(
      redis.call('HMGET', job, 'status', 'listedAs', 'deletedAtMs', 'createdAtMs', 'finishedAtMs', 'callbackStatus',
        'reference', 'slug', 'resultDeletedAtMs', 'resultForgottenAtMs'))
    if hidden or (listedAs and listedAs ~= status) then unlist(jobId) end
    if hidden then return end
    local kind = string.match(jobId, '^%a+')
    redis.call('HSET', job, 'listedAs', status)
    redis.call('ZADD', keyOf('created', status, kind), createdAtMs, jobId)
    for _, name in ipairs(namesOf(jobId, reference, slug)) do redis.call('ZADD', keyOf('names'), 0, name) end
    redis.call('ZADD', keyOf('references'), 0, (reference or '') .. '\\0' .. jobId)
    if finishedAtMs then redis.call('ZADD', keyOf('ended', status, kind), finishedAtMs, jobId) end
    local code = status == 'failed' and codeOf(jobId)
    if code then
      redis.call('HSET', job, 'listedCode', code)
      redis.call('ZADD', keyOf('created', status, kind, code), createdAtMs, jobId)
      redis.call('ZADD', keyOf('ended', status, kind, code), finishedAtMs, jobId)
    end
    if finishedAtMs and callbackStatus == 'exhausted' then redis.call('ZADD', keyOf('exhausted'), finishedAtMs, jobId)
    else redis.call('ZREM', keyOf('exhausted'), jobId) end
    if status == 'completed' and not resultDeletedAtMs and not resultForgottenAtMs then
      redis.call('ZADD', keyOf('results'), 'NX', finishedAtMs, jobId)
    else redis.call('ZREM', keyOf('results'), jobId) end
  end

  local function clockMs()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
  end

  local function tell(jobId, what, code)
    local reference, slug = unpack(redis.call('HMGET', keyOf('job', jobId), 'reference', 'slug'))
    redis.call('LPUSH', keyOf('activity'), cjson.encode({ atMs = clockMs(), jobId = jobId, what = what,
      kind = string.match(jobId, '^%a+'), reference = reference or '', slug = slug or '', code = code or cjson.null }))
    redis.call('LTRIM', keyOf('activity'), 0, ${ACTIVITY_LINES - 1})
  end

  local SALIENT = { ${SALIENT} }

  local function note(jobId, json)
    redis.call('RPUSH', keyOf('history', jobId), '{"atMs":' .. clockMs() .. ',' .. string.sub(json, 2))
    redis.call('LTRIM', keyOf('history', jobId), -${HISTORY_LINES}, -1)
    local happening = cjson.decode(json)
    local what = happening.what
    if what == 'callback' and happening.status == 'exhausted' then what = 'callback-exhausted' end
    if SALIENT[what] then tell(jobId, what, happening.code) end
  end

  local function tally(counts)
    local hour = keyOf('hour', math.floor(clockMs() / 3600000))
    for name, by in pairs(cjson.decode(counts)) do
      redis.call('HINCRBYFLOAT', keyOf('tallies'), name, by)
      redis.call('HINCRBYFLOAT', hour, name, by)
    end
    redis.call('PEXPIRE', hour, ${HOUR_TTL_MS})
  end

  local function store(name, bytes)
    local before = redis.call('HGET', keyOf('stored'), name) or 0
    if bytes > 0 then redis.call('HSET', keyOf('stored'), name, bytes) else redis.call('HDEL', keyOf('stored'), name) end
    redis.call('HINCRBY', keyOf('tallies'), 'stored_bytes', bytes - before)
  end

  local function learn(kind, sample)
    local speed = keyOf('speed', kind)
    for name, value in pairs(cjson.decode(sample)) do
      local before = redis.call('HGET', speed, name) or 0
      redis.call('HSET', speed, name, before * 0.95 + value)
    end
  end
`;

/**
 * A script with the functions above, and those that keep the books: `tally(json)` adds to what is counted, in all and in
 * this hour of Redis' own clock, `{ "<field>": number }`; `store(name, bytes)` says what lies under a name of ours now; `learn(kind, json)` adds a
 * conversion to what is known of the speed of recent ones, of which the last twenty or so weigh.
 */
export function createRecordScript(lua: string): RedisScript {
  return createScript(`${LIBRARY}${lua}`);
}
