import { inspectRedis, type RedisReport } from '@tapedeck/jobs';
import { askRedis } from './ask-redis.ts';
import type { Finding } from './finding.ts';
import { isAtLeast } from './is-at-least.ts';

/** Of BullMQ: below the first it refuses to start, below the second it warns (its RedisConnection). */
const VERSIONS = { least: '5.0', recommended: '6.2' };
const WARN_USED = 0.8;
const FAIL_USED = 0.95;

/** Whether Redis answers, and whether it keeps what it is told. */
export async function examineRedis(redisUrl: string | undefined): Promise<Finding[]> {
  if (!redisUrl) {
    const advice = 'npm start runs one of its own; anything else needs REDIS_URL.';
    return [{ verdict: 'warns', what: 'REDIS_URL names no Redis', advice }];
  }
  const answer = await askRedis(redisUrl, inspectRedis);
  if ('value' in answer) return judgeRedis(answer.value);
  const advice = 'Is REDIS_URL right, and may this machine connect to it?';
  return [{ verdict: 'fails', what: `Redis does not answer: ${answer.failure}`, advice }];
}

export function judgeRedis(report: RedisReport): Finding[] {
  const { evicts, appendsToFile, failsToPersist } = report;
  return [
    judgeVersion(report),
    ...(evicts ? [EVICTS] : []),
    ...(appendsToFile ? [] : [FORGETS]),
    ...(failsToPersist ? [CANNOT_WRITE] : []),
    ...judgeMemory(report),
  ];
}

function judgeVersion({ name, version }: RedisReport): Finding {
  if (isAtLeast(version, VERSIONS.recommended)) return { verdict: 'ok', what: `${name} answers` };
  const isTooOld = !isAtLeast(version, VERSIONS.least);
  const advice = `BullMQ needs ${VERSIONS.least} and recommends ${VERSIONS.recommended} or later: update it.`;
  return {
    verdict: isTooOld ? 'fails' : 'warns',
    what: `${name} answers, and is ${isTooOld ? 'too ' : ''}old`,
    advice,
  };
}

function judgeMemory({ usedBytes, maxBytes }: RedisReport): Finding[] {
  const mib = Math.round(usedBytes / 1024 ** 2);
  if (maxBytes === undefined) return [{ verdict: 'ok', what: `Redis uses ${mib} MiB, and may use all that there is` }];
  const used = usedBytes / maxBytes;
  const what = `Redis uses ${mib} MiB, ${Math.round(used * 100)} % of what it may (maxmemory)`;
  if (used < WARN_USED) return [{ verdict: 'ok', what }];
  const advice = 'When it is full, POST /convert answers 503. Raise maxmemory, or find out what else fills it.';
  return [{ verdict: used < FAIL_USED ? 'warns' : 'fails', what, advice }];
}

const EVICTS: Finding = {
  verdict: 'fails',
  what: 'Redis removes keys to make room, and may remove a job that was accepted',
  advice: 'Set its maxmemory-policy to noeviction.',
};
const FORGETS: Finding = {
  verdict: 'warns',
  what: 'Redis writes no append-only file: what was accepted since its last snapshot is lost when it crashes',
  advice: 'Set appendonly to yes; managed databases persist in their own way.',
};
const CANNOT_WRITE: Finding = {
  verdict: 'fails',
  what: 'Redis could not write to its disk the last time',
  advice: 'Its log says why: a full disk, or a directory that is not its own. Until then it may refuse every write.',
};
