import { JOB_KINDS, JOB_STATUSES, type ErrorCode, type JobKind, type JobStatus } from '@tapedeck/contracts';
import { ZodError } from 'zod';
import { keys, PREFIX } from './keys.ts';
import { loadRecord, type JobRecord } from './record.ts';
import { createScript, type Redis } from './redis.ts';

/** Which jobs, in which order, and which of those. */
export interface JobFilter {
  /** Empty for all. */
  statuses: readonly JobStatus[];
  kind: JobKind | undefined;
  /** Only those that failed so; where `statuses` leave the failed ones out, none. */
  code: ErrorCode | undefined;
  /** How the reference or the slug begins, in whatever case (ASCII). */
  prefix: string | undefined;
  /** Of the time that `sort` names: from `fromMs` on, and before `toMs`. */
  fromMs: number | undefined;
  toMs: number | undefined;
  /** By `finishedAt` only those that have ended are found. */
  sort: 'createdAt' | 'finishedAt';
  order: 'asc' | 'desc';
}

export interface Page {
  limit: number;
  offset: number;
}

export interface FoundJobs {
  jobIds: string[];
  /** How many there are, without the page's limits. */
  total: number;
  /** The prefix fits thousands: `total` is then made from how often it was met on the way to the page. */
  totalIsEstimate: boolean;
}

/** Names that a prefix may fit for all of them to be looked at at once; beyond, the order is tried first. */
const FEW_NAMES = 2_000;
/** Beyond, they are not looked at. */
const MANY_NAMES = 20_000;
/** Jobs that are looked at along the order for one page. */
const WALKED = { first: 2_000, most: 100_000 };
/** Of names or jobs: so many are looked at in one step, which holds up Redis for some milliseconds. */
const STEP = { least: 100, most: 1_000 };

/**
 * The lists of one order are merged: a job is in exactly one of them, so it is found once. Where a page begins is found
 * by halving the time: so many jobs lie before a moment as the lists say they do. So a page in the middle of a hundred
 * thousand costs what the first one costs.
 *
 * KEYS the lists; ARGV min, max, order, offset, limit. Answers the total, then ids in order.
 */
const PAGE = createScript(
  `
  local min, max, isDesc = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == 'desc'
  local offset, limit = tonumber(ARGV[4]), tonumber(ARGV[5])
  local function countBetween(low, high)
    local count = 0
    for _, key in ipairs(KEYS) do count = count + redis.call('ZCOUNT', key, low, high) end
    return count
  end
  local total = countBetween(min, max)
  if offset >= total then return { total } end

  -- Where in time the page begins: the job at 'offset' has this score. The first page begins where all of it does.
  local low, high = min, max
  if offset == 0 then low, high = isDesc and max or min, isDesc and max or min end
  while low < high do
    local middle = math.floor((low + high) / 2)
    if isDesc then
      if countBetween(middle + 1, max) <= offset then high = middle else low = middle + 1 end
    else
      if countBetween(min, middle) > offset then high = middle else low = middle + 1 end
    end
  end
  local ahead = isDesc and countBetween(low + 1, max) or (not isDesc and countBetween(min, low - 1)) or 0

  local rows = {}
  local wanted = offset - ahead + limit
  for _, key in ipairs(KEYS) do
    local found = isDesc
      and redis.call('ZREVRANGEBYSCORE', key, low, min, 'WITHSCORES', 'LIMIT', 0, wanted)
      or redis.call('ZRANGEBYSCORE', key, low, max, 'WITHSCORES', 'LIMIT', 0, wanted)
    for at = 1, #found, 2 do rows[#rows + 1] = { found[at], tonumber(found[at + 1]) } end
  end
  table.sort(rows, function(a, b)
    if a[2] ~= b[2] then return (a[2] > b[2]) == isDesc end
    return a[1] ~= b[1] and (a[1] > b[1]) == isDesc
  end)
  local answer = { total }
  for at = offset - ahead + 1, math.min(#rows, wanted) do answer[#answer + 1] = rows[at][1] end
  return answer
  `,
);

/** KEYS names; ARGV prefix */
const COUNT_NAMES = createScript(`return redis.call('ZLEXCOUNT', KEYS[1], '[' .. ARGV[1], '[' .. ARGV[1] .. '\\255')`);

/**
 * The jobs whose reference or slug begins so, and what score the lists have them with.
 *
 * KEYS names, the lists; ARGV prefix, from where ('[' or '(' before it), how many names. Answers where to go on, or ''
 * at the end; then id, score, …
 */
const BY_NAME = createScript(
  `
  local members = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[2], '[' .. ARGV[1] .. '\\255', 'LIMIT', 0, ARGV[3])
  local answer = { #members == tonumber(ARGV[3]) and '(' .. members[#members] or '' }
  for _, member in ipairs(members) do
    local jobId = string.match(member, '[^%z]*$')
    for at = 2, #KEYS do
      local score = redis.call('ZSCORE', KEYS[at], jobId)
      if score then
        answer[#answer + 1] = jobId
        answer[#answer + 1] = score
        break
      end
    end
  end
  return answer
  `,
);

/** ARGV prefix, job ids. Answers those whose reference or slug begins so. */
const WITH_PREFIX = createScript(
  `
  local answer = {}
  for at = 2, #ARGV do
    local names = redis.call('HMGET', '${PREFIX}:job:' .. ARGV[at], 'reference', 'slug')
    for _, name in ipairs({ names[1] or '', names[2] or '' }) do
      if string.sub(string.lower(name) .. '\\0', 1, #ARGV[1]) == ARGV[1] then
        answer[#answer + 1] = ARGV[at]
        break
      end
    end
  end
  return answer
  `,
);

/** What the index holds of jobs, page by page; see JobFilter. */
export async function findJobs(redis: Redis, filter: JobFilter, page: Page): Promise<FoundJobs> {
  const lists = listsOf(filter);
  if (filter.prefix === undefined) return findPage(redis, lists, filter, page);
  return search(redis, lists, { ...filter, prefix: lowerAscii(filter.prefix) }, page);
}

type Search = JobFilter & { prefix: string };

/**
 * Few names are looked at one by one. What many fit is met often enough along the order, so a page is full soon; where it
 * is not, the names are looked at after all, unless they are too many for that, too.
 */
async function search(redis: Redis, lists: readonly string[], filter: Search, page: Page): Promise<FoundJobs> {
  const names = Number(await COUNT_NAMES.run(redis, [keys.names], [filter.prefix]));
  if (names > FEW_NAMES) {
    const near = await walk(redis, lists, filter, page, WALKED.first);
    if (near.isEnough) return near;
    if (names > MANY_NAMES) return walk(redis, lists, filter, page, WALKED.most);
  }
  return pageOf(await loadByName(redis, lists, filter.prefix), filter, page);
}

/** @returns when each job was created, or has ended, by its id */
async function loadByName(redis: Redis, lists: readonly string[], prefix: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let from = `[${prefix}`; from !== '';) {
    const answer = await BY_NAME.run(redis, [keys.names, ...lists], [prefix, from, STEP.most]);
    const [next, ...rows] = answer as [string, ...string[]];
    for (let at = 0; at + 1 < rows.length; at += 2) found.set(rows[at]!, Number(rows[at + 1]));
    from = next;
  }
  return found;
}

/** Records that are gone between the index and the read are left out. */
export async function loadRecords(redis: Redis, jobIds: readonly string[]): Promise<JobRecord[]> {
  const records = await Promise.all(jobIds.map((jobId) => loadRecord(redis, jobId).catch(orUnreadable)));
  return records.filter((record) => record !== undefined).filter(({ deletedAtMs }) => deletedAtMs === undefined);
}

/** A record that a newer version wrote must not hide the others. A Redis that did not answer hides nothing: it is said. */
function orUnreadable(error: unknown): undefined {
  if (!(error instanceof ZodError)) throw error;
}

/** More than there are workers. */
const MAX_RUNNING = 100;

/** The jobs that are in processing. */
export async function loadRunning(redis: Redis): Promise<JobRecord[]> {
  const any = { kind: undefined, code: undefined, prefix: undefined, fromMs: undefined, toMs: undefined } as const;
  const filter = { ...any, statuses: ['processing'], sort: 'createdAt', order: 'asc' } as const;
  const { jobIds } = await findJobs(redis, filter, { limit: MAX_RUNNING, offset: 0 });
  const records = await loadRecords(redis, jobIds);
  // A version without these lists may have ended one.
  return records.filter(({ status }) => status === 'processing');
}

/** The last job that a caller has given this reference to, whatever became of it. */
export async function findByReference(redis: Redis, reference: string): Promise<JobRecord | undefined> {
  const newest = await Promise.all(
    // Ids of a kind are in the order of their times.
    JOB_KINDS.map((kind) => {
      const ids = `${reference}\0${kind}_`;
      return redis.zrevrangebylex(keys.references, `(${ids}~`, `[${ids}`, 'LIMIT', 0, 1);
    }),
  );
  const jobIds = newest.flat().map((member) => member.slice(reference.length + 1));
  const records = await loadRecords(redis, jobIds);
  return records.toSorted((a, b) => b.createdAtMs - a.createdAtMs)[0];
}

const ENDED: readonly JobStatus[] = ['completed', 'failed', 'canceled'];

function listsOf({ statuses, kind, code, sort }: JobFilter): string[] {
  const asked = statuses.length === 0 ? JOB_STATUSES : statuses;
  const kinds = kind === undefined ? JOB_KINDS : [kind];
  if (code !== undefined) {
    const listOf = sort === 'createdAt' ? keys.createdFailed : keys.endedFailed;
    return asked.includes('failed') ? kinds.map((one) => listOf(one, code)) : [];
  }
  if (sort === 'createdAt') return asked.flatMap((status) => kinds.map((one) => keys.created(status, one)));
  const ended = asked.filter((status) => ENDED.includes(status));
  return ended.flatMap((status) => kinds.map((one) => keys.ended(status, one)));
}

const MAX_TIME_MS = 8.64e15;

async function findPage(redis: Redis, lists: readonly string[], filter: JobFilter, page: Page): Promise<FoundJobs> {
  if (lists.length === 0) return { jobIds: [], total: 0, totalIsEstimate: false };
  const { fromMs = 0, toMs = MAX_TIME_MS, order } = filter;
  const answer = await PAGE.run(redis, lists, [fromMs, toMs - 1, order, page.offset, page.limit]);
  const [total, ...jobIds] = answer as [number, ...string[]];
  return { jobIds, total, totalIsEstimate: false };
}

function pageOf(found: ReadonlyMap<string, number>, filter: JobFilter, { offset, limit }: Page): FoundJobs {
  const { fromMs = 0, toMs = MAX_TIME_MS, order } = filter;
  const fitting = [...found]
    .filter(([, atMs]) => atMs >= fromMs && atMs < toMs)
    .toSorted(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1));
  if (order === 'desc') fitting.reverse();
  const jobIds = fitting.slice(offset, offset + limit).map(([jobId]) => jobId);
  return { jobIds, total: fitting.length, totalIsEstimate: false };
}

/** Along the order, until the page is full or so many were looked at. */
async function walk(
  redis: Redis,
  lists: readonly string[],
  filter: Search,
  { offset, limit }: Page,
  maxWalked: number,
): Promise<FoundJobs & { isEnough: boolean }> {
  // What comes in meanwhile moves the others on: some are met twice.
  const found = new Set<string>();
  let [walked, total] = [0, 0];
  let stepSize = Math.min(STEP.most, Math.max(STEP.least, 2 * (offset + limit)));
  do {
    const step = await findPage(redis, lists, filter, { offset: walked, limit: stepSize });
    total = step.total;
    walked += stepSize;
    stepSize = Math.min(STEP.most, 2 * stepSize);
    if (step.jobIds.length > 0) {
      const fitting = (await WITH_PREFIX.run(redis, [], [filter.prefix, ...step.jobIds])) as string[];
      fitting.forEach((jobId) => found.add(jobId));
    }
  } while (walked < total && walked < maxWalked && found.size < offset + limit);
  const isWhole = walked >= total;
  return {
    jobIds: [...found].slice(offset, offset + limit),
    total: isWhole ? found.size : Math.round((found.size / walked) * total),
    totalIsEstimate: !isWhole,
    isEnough: isWhole || found.size >= offset + limit,
  };
}

/** As Redis lowers names: what is not ASCII stays. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
