import type { JobView, Stats } from '@tapedeck/contracts';
import { loadRecords, type JobWatcher } from '@tapedeck/jobs';
import type { FastifyBaseLogger } from 'fastify';
import { viewsOf, type JobAccess } from '../job-access.ts';
import { loadStats } from '../routes/jobs.ts';

/** What the page is told, as server-sent events have it; see ADMIN_EVENTS. */
export type FeedEvent =
  | { name: 'jobs'; data: readonly JobView[] }
  | { name: 'gone'; data: readonly string[] }
  | { name: 'stats'; data: Stats }
  | { name: 'many' | 'beat'; data: Readonly<Record<string, never>> };

export interface LiveFeed {
  /** @returns what ends it */
  follow(onEvent: (event: FeedEvent) => void): Promise<() => void>;
}

export interface LiveFeedOptions extends JobAccess {
  watcher: JobWatcher;
  log: FastifyBaseLogger;
}

/** What changes together is read, and told, once. */
const COLLECT_MS = 500;
/** More than these are not told one by one: who shows some of them asks for its page. */
const MAX_TOLD = 50;
const BEAT_MS = 5_000;
const STATS_MS = 2_000;

/**
 * What changes of all jobs, for all who look at the page: however many they are, it is read once in COLLECT_MS. Nothing
 * is read, or listened to, while nobody looks.
 */
export function createLiveFeed({ watcher, log, ...access }: LiveFeedOptions): LiveFeed {
  const followers = new Set<(event: FeedEvent) => void>();
  const changes = createChanges();
  let end: (() => void) | undefined;
  let watching: Promise<unknown> | undefined;

  const tell = (event: FeedEvent): void => followers.forEach((follower) => follower(event));
  const tellChanges = async (): Promise<void> => {
    const jobIds = changes.take();
    if (jobIds === 'many') return tell({ name: 'many', data: {} });
    if (jobIds.length === 0) return;
    const jobs = await loadViews(access, jobIds);
    if (jobs.length > 0) tell({ name: 'jobs', data: jobs });
    const known = new Set(jobs.map(({ jobId }) => jobId));
    const gone = jobIds.filter((jobId) => !known.has(jobId));
    if (gone.length > 0) tell({ name: 'gone', data: gone });
  };
  const tellStats = async (): Promise<void> => {
    if (changes.haveCountsChanged()) tell({ name: 'stats', data: await loadStats(access) });
  };
  const beat = async (): Promise<void> => {
    await access.redis.ping();
    tell({ name: 'beat', data: {} });
  };
  // Redis is away, for one: the page hears no beat, and asks by itself.
  const onFailure = (error: unknown): void => {
    changes.add(undefined);
    log.debug({ err: error }, 'nothing could be told of jobs');
  };
  const begin = (): void => {
    const stopWatching = watcher.watchAll(changes.add);
    watching = stopWatching;
    const timers = [
      every(COLLECT_MS, tellChanges, onFailure),
      every(STATS_MS, tellStats, onFailure),
      every(BEAT_MS, beat, onFailure),
    ];
    end = () => {
      timers.forEach((timer) => clearInterval(timer));
      stopWatching.then((stop) => stop(), onFailure);
    };
  };
  return {
    async follow(onEvent) {
      if (followers.size === 0) begin();
      followers.add(onEvent);
      const leave = (): void => {
        if (followers.delete(onEvent) && followers.size === 0) end?.();
      };
      try {
        await watching;
        onEvent({ name: 'stats', data: await loadStats(access) });
      } catch (error) {
        leave();
        throw error;
      }
      onEvent({ name: 'beat', data: {} });
      return leave;
    },
  };
}

/** Which jobs have changed since it was last asked; too many of them are `many`. */
function createChanges() {
  let jobIds = new Set<string>();
  let isAny = false;
  let haveCountsChanged = false;
  return {
    /** @param jobId undefined when it may be any */
    add(jobId: string | undefined): void {
      haveCountsChanged = true;
      if (jobId === undefined || jobIds.size >= MAX_TOLD) isAny = true;
      else jobIds.add(jobId);
    },
    take(): string[] | 'many' {
      const taken = isAny ? 'many' : [...jobIds];
      jobIds = new Set();
      isAny = false;
      return taken;
    },
    haveCountsChanged(): boolean {
      const answer = haveCountsChanged;
      haveCountsChanged = false;
      return answer;
    },
  };
}

/** One at a time: what takes longer than the interval is not begun again meanwhile. */
function every(intervalMs: number, work: () => Promise<void>, onFailure: (error: unknown) => void): NodeJS.Timeout {
  let isAtWork = false;
  return setInterval(() => {
    if (isAtWork) return;
    isAtWork = true;
    void work()
      .catch(onFailure)
      .finally(() => (isAtWork = false));
  }, intervalMs);
}

async function loadViews(access: JobAccess, jobIds: readonly string[]): Promise<JobView[]> {
  return viewsOf(access, await loadRecords(access.redis, jobIds));
}
