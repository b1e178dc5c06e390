import { ERROR_TABLE, JOB_KINDS, JOB_STATUSES, type ErrorCode } from '@tapedeck/contracts';
import type { Redis } from '@tapedeck/jobs';

/** Members of every index of jobs, by its key. */
export type Indexes = Record<string, string[]>;

const LISTS = ['created', 'ended'].flatMap((list) =>
  JOB_KINDS.flatMap((kind) => [
    ...JOB_STATUSES.map((status) => `${list}:${status}:${kind}`),
    ...Object.keys(ERROR_TABLE).map((code) => `${list}:failed:${kind}:${code}`),
  ]),
);
const NAMES = [...LISTS, 'names', 'references', 'results', 'exhausted'];

/** What Redis has in the indexes; and histories of jobs that are gone, of which there must be none. */
export async function loadIndexes(redis: Redis): Promise<Indexes> {
  const rows = NAMES.map(
    async (name) => [name, (await redis.zrange(`tapedeck:${name}`, '0', '-1')).toSorted()] as const,
  );
  const indexes = Object.fromEntries(await Promise.all(rows));
  return withoutEmpty({ ...indexes, 'histories of no job': await findStrayHistories(redis) });
}

/** Ids of jobs that have a history and no record. */
export async function findStrayHistories(redis: Redis): Promise<string[]> {
  const idsOf = async (prefix: string) => (await redis.keys(`${prefix}*`)).map((key) => key.slice(prefix.length));
  const jobIds = await idsOf('tapedeck:job:');
  return (await idsOf('tapedeck:history:')).filter((jobId) => !jobIds.includes(jobId)).toSorted();
}

/** What the indexes must hold, given the records: made in another way than the scripts make them. */
export async function deriveIndexes(redis: Redis): Promise<Indexes> {
  const indexes: Indexes = {};
  const add = (name: string, member: string) => (indexes[name] ??= []).push(member);
  for (const key of await redis.keys('tapedeck:job:*')) {
    const record = await redis.hgetall(key);
    if (record.deletedAtMs !== undefined) continue;
    const jobId = record.jobId!;
    const list = `${record.status}:${jobId.split('_')[0]}`;
    add(`created:${list}`, jobId);
    for (const name of new Set([record.reference!, record.slug!])) add('names', `${name.toLowerCase()}\0${jobId}`);
    add('references', `${record.reference}\0${jobId}`);
    if (record.finishedAtMs === undefined) continue;
    add(`ended:${list}`, jobId);
    if (record.status === 'failed') {
      const { code } = JSON.parse(record.error!) as { code: ErrorCode };
      for (const index of ['created', 'ended']) add(`${index}:${list}:${code}`, jobId);
    }
    if (record.callbackStatus === 'exhausted') add('exhausted', jobId);
    const isThere = record.resultDeletedAtMs === undefined && record.resultForgottenAtMs === undefined;
    if (record.status === 'completed' && isThere) add('results', jobId);
  }
  for (const members of Object.values(indexes)) members.sort();
  return indexes;
}

function withoutEmpty(indexes: Indexes): Indexes {
  return Object.fromEntries(Object.entries(indexes).filter(([, members]) => members.length > 0));
}
