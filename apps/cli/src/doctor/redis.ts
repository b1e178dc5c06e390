import { connectRedis, inspectRedis, waitForRedis } from '@tapedeck/jobs';
import type { Finding } from './finding.ts';

const TIMEOUT_MS = 5_000;

/** Whether Redis answers, and whether it keeps what it is told. */
export async function examineRedis(redisUrl: string | undefined): Promise<Finding[]> {
  if (!redisUrl) {
    const advice = 'npm start runs one of its own; anything else needs REDIS_URL.';
    return [{ verdict: 'warns', what: 'REDIS_URL names no Redis', advice }];
  }
  // The last error says why, without the URL: it may hold a password.
  let reason = 'no answer';
  const redis = connectRedis(redisUrl, 'fast', (error) => {
    reason = 'code' in error ? String(error.code) : error.message;
  });
  try {
    await waitForRedis(redis, TIMEOUT_MS);
    const { version, evicts, appendsToFile } = await inspectRedis(redis);
    return [
      { verdict: 'ok', what: `Redis ${version} answers` },
      ...(evicts ? [EVICTS] : []),
      ...(appendsToFile ? [] : [FORGETS]),
    ];
  } catch {
    const advice = 'Is REDIS_URL right, and may this machine connect to it?';
    return [{ verdict: 'fails', what: `Redis does not answer: ${reason}`, advice }];
  } finally {
    redis.disconnect();
  }
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
