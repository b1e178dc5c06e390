import type { SystemAnswer, WorkerView } from '@tapedeck/contracts';
import { formatCount, formatPercent } from '../../ui/format.ts';

/** Something that is not as it should be, and what to do about it. */
export interface Finding {
  /** `warns`: it works, but not for ever, or not as well as it could. */
  verdict: 'warns' | 'fails';
  what: string;
  advice: string;
  /** For a shell that has the environment of a worker. */
  command?: string;
  /** Below /admin. */
  link?: { href: string; label: string };
}

/** As the alerts have it: deploy/prometheus/rules.yml. */
const DISK_FILLING = 0.8;
const DISK_FULL = 0.9;
const REDIS_FULL = 0.8;
const MANY_WAITING = 100;

/** All that needs somebody, what fails first. */
export function findTrouble(system: SystemAnswer): Finding[] {
  const all = [
    ...findBackendTrouble(system),
    ...findWorkerTrouble(system),
    ...findQueueTrouble(system),
    ...findDiskTrouble(system),
    ...findDifferences(system),
  ];
  return [...all.filter(({ verdict }) => verdict === 'fails'), ...all.filter(({ verdict }) => verdict === 'warns')];
}

function findBackendTrouble({ redis, storage }: SystemAnswer): Finding[] {
  const found: Finding[] = [];
  if (!redis.ok) {
    found.push({
      verdict: 'fails',
      what: 'Redis does not do what is asked of it.',
      advice: 'No job is accepted, begun or ended until it does. Is it running, and does REDIS_URL lead there?',
      command: 'npm run tapedeck -- doctor redis',
    });
  }
  if (redis.usedBytes !== null && redis.maxBytes && redis.usedBytes / redis.maxBytes > REDIS_FULL) {
    found.push({
      verdict: 'fails',
      what: `Redis uses ${formatPercent(redis.usedBytes / redis.maxBytes)} of the memory that it may.`,
      advice: 'When it is full, no job is accepted and none can end. Raise maxmemory, or clean up old records.',
    });
  }
  if (!storage.ok) {
    found.push({
      verdict: 'fails',
      what: 'The store does not answer as it should.',
      advice: 'Results cannot be published; jobs are tried again, and then fail with STORAGE_UNAVAILABLE.',
      command: 'npm run tapedeck -- doctor storage',
    });
  }
  return found;
}

const NOBODY: Finding = {
  verdict: 'fails',
  what: 'No worker is alive.',
  advice: 'Jobs and callbacks wait, and nothing is lost. Start a worker; if it ends at once, its log says why.',
};

const STAND_IN: Finding = {
  verdict: 'warns',
  what: 'No worker is alive: the API itself converts, one job at a time.',
  advice: 'Start a worker; if it ends at once, its log says why. The stand-in makes way for it.',
};

function findWorkerTrouble({ workers, lostWorkers }: SystemAnswer): Finding[] {
  if (!workers) return [];
  const found: Finding[] = [];
  if (workers.every(({ isStandIn }) => isStandIn)) found.push(workers.length === 0 ? NOBODY : STAND_IN);
  if (lostWorkers.length > 0) {
    found.push({
      verdict: 'warns',
      what: `${lostWorkers.length === 1 ? 'A worker' : `${lostWorkers.length} workers`} vanished without a good-bye.`,
      advice: 'What it ran begins anew elsewhere within two minutes. What to do is said below, beside its name.',
      link: { href: '#lost', label: 'Lost workers' },
    });
  }
  const paused = workers.filter(({ isPaused }) => isPaused);
  if (paused.length > 0) {
    found.push({
      verdict: paused.length === workers.length ? 'fails' : 'warns',
      what:
        paused.length === workers.length
          ? 'All workers are paused.'
          : `${paused.length} of ${workers.length} workers ${paused.length === 1 ? 'is' : 'are'} paused.`,
      advice: 'A paused worker ends what it runs and takes no other job until somebody resumes it.',
      link: { href: '#workers', label: 'Workers' },
    });
  }
  return [...found, ...findMissingProtections(workers)];
}

function findMissingProtections(workers: readonly WorkerView[]): Finding[] {
  const missing = new Set(workers.flatMap(({ protections }) => protections.missing));
  if (missing.size === 0) return [];
  const concerned = workers.filter(({ protections }) => protections.missing.length > 0).length;
  return [
    {
      verdict: 'warns',
      what: `FFmpeg lacks protections on ${concerned === workers.length ? 'every worker' : `${concerned} of ${workers.length} workers`}: ${[...missing].join(', ')}.`,
      advice: 'It decodes what strangers made. On the machine of the worker, this tells how to get them:',
      command: 'npm run tapedeck -- doctor ffmpeg',
    },
  ];
}

function findQueueTrouble({ queues, callbacks }: SystemAnswer): Finding[] {
  const found = (queues ?? [])
    .filter(({ isPaused }) => isPaused)
    .map<Finding>(({ name, waiting }) => ({
      verdict: 'fails',
      what: `The queue of ${name} is paused, and ${formatCount(waiting)} ${waiting === 1 ? 'waits' : 'wait'} in it.`,
      advice: 'Jobs are still accepted; nobody works on this queue until somebody resumes it.',
      link: { href: '#queues', label: 'Queues' },
    }));
  const waiting = queues?.find(({ name }) => name === 'conversions')?.waiting ?? 0;
  if (waiting > MANY_WAITING) {
    found.push({
      verdict: 'warns',
      what: `${formatCount(waiting)} conversions wait for a worker.`,
      advice: 'Jobs come faster than the workers convert them. Start more workers, or wait for a quieter hour.',
    });
  }
  if (callbacks && callbacks.exhausted > 0) {
    found.push({
      verdict: 'warns',
      what: `${formatCount(callbacks.exhausted)} callbacks were given up.`,
      advice: 'Their jobs have ended, and their callers do not know. Mend the receiver, then send them again.',
      link: { href: '/activity', label: 'Which ones' },
    });
  }
  return found;
}

function findDiskTrouble({ disk, workers }: SystemAnswer): Finding[] {
  const disks = (workers ?? []).map(({ workerId, freeDiskBytes, totalDiskBytes }) => ({
    name: `work of ${workerId}`,
    ratio: usedRatio(freeDiskBytes, totalDiskBytes),
    advice: 'Jobs there will fail with WORKER_DISK_FULL. Is something else on that disk? Pause the worker meanwhile.',
  }));
  if (disk) {
    const advice = 'It holds DATA_DIR: make room there, or clean up old results.';
    disks.unshift({ name: 'data', ratio: usedRatio(disk.freeBytes, disk.totalBytes), advice });
  }
  return disks
    .filter(({ ratio }) => ratio > DISK_FILLING)
    .map(({ name, ratio, advice }) => ({
      verdict: ratio > DISK_FULL ? 'fails' : 'warns',
      what: `The disk for the ${name} is ${formatPercent(ratio)} full.`,
      advice,
    }));
}

function findDifferences({ api, workers }: SystemAnswer): Finding[] {
  if (!workers) return [];
  const found: Finding[] = [];
  const ffmpegs = countFfmpegVersions(workers);
  if (ffmpegs.length > 1) {
    found.push({
      verdict: 'warns',
      what: `Workers have different FFmpegs: ${ffmpegs.map(({ version, count }) => `${version} (${count})`).join(', ')}.`,
      advice: 'The same input may come out differently. Bring all workers to one version.',
    });
  }
  const others = new Set(workers.map(({ version }) => version).filter((version) => version !== api.version));
  if (others.size > 0) {
    found.push({
      verdict: 'warns',
      what: `Workers of version ${[...others].join(', ')} work for an API of version ${api.version}.`,
      advice: 'That is fine while an upgrade is under way, and is to end with it.',
    });
  }
  return found;
}

/** The most frequent first. */
export function countFfmpegVersions(workers: readonly WorkerView[]): { version: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { ffmpegVersion } of workers) {
    const version = ffmpegVersion ?? 'unknown';
    counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return [...counts].map(([version, count]) => ({ version, count })).sort((a, b) => b.count - a.count);
}

/** 0 where it is not known. */
export function usedRatio(freeBytes: number, totalBytes: number | null): number {
  return totalBytes ? 1 - freeBytes / totalBytes : 0;
}
