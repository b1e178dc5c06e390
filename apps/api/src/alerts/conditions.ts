import type { AlertNotice } from '@tapedeck/contracts';
import type { Vitals } from '@tapedeck/jobs';

/** What an alert is raised for. Names, thresholds and times are those of deploy/prometheus/rules.yml. */
export interface Condition<Subject> {
  alert: string;
  severity: AlertNotice['severity'];
  /** For the notice that it is over. */
  title: string;
  /** What follows from it. */
  meaning: string;
  /** How long it must hold before the alert fires. */
  forMs: number;
  /** Undefined where it does not hold. */
  find(subject: Subject): Finding | undefined;
}

export interface Finding {
  summary: string;
  figures: Record<string, number>;
}

/** The figures that the API replica adds to those of the fleet. */
export interface WatchedVitals extends Vitals {
  /** Of DATA_DIR's file system, 0 to 1; undefined where there is no such directory. */
  dataDiskUsedRatio: number | undefined;
}

const MINUTE_MS = 60_000;
const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`;

const NO_WORKER: Condition<WatchedVitals> = {
  ...{ alert: 'TapedeckNoWorker', severity: 'critical', title: 'no worker alive', forMs: 2 * MINUTE_MS },
  meaning: 'Until a worker starts, all waits, or goes one at a time (CONVERT_INLINE).',
  find({ queues, workers, standIns }) {
    const entries = Object.values(queues).reduce(
      (sum, { waiting, delayed, active }) => sum + waiting + delayed + active,
      0,
    );
    if (workers.alive > 0 || entries === 0) return undefined;
    const who = standIns > 0 ? 'No worker is alive, the API itself converts' : 'No worker is alive';
    return { summary: `${who}, and ${entries} conversions and callbacks wait.`, figures: { entries } };
  },
};

const WORKER_GONE: Condition<WatchedVitals> = {
  ...{ alert: 'TapedeckWorkerGone', severity: 'warning', title: 'worker gone', forMs: 5 * MINUTE_MS },
  meaning: 'Its jobs run again elsewhere, but the fleet is smaller than it was.',
  find({ workers: { alive, lost }, lostWorkers }) {
    if (lost === 0) return undefined;
    return {
      summary: `${lost} of the workers vanished without a good-bye and were not replaced (${nameSome(lostWorkers, lost)}); ${alive} are alive.`,
      figures: { alive, lost },
    };
  },
};

function nameSome(names: readonly string[], count: number): string {
  return [...names, ...(count > names.length ? ['…'] : [])].join(', ');
}

const QUEUE_LONG: Condition<WatchedVitals> = {
  ...{ alert: 'TapedeckQueueLong', severity: 'warning', title: 'long queue', forMs: 10 * MINUTE_MS },
  meaning: 'Jobs come faster than the workers convert them: whoever waits, waits long.',
  find({ queues: { conversions } }) {
    const { waiting } = conversions;
    return waiting > 100 ? { summary: `${waiting} conversions wait for a worker.`, figures: { waiting } } : undefined;
  },
};

const JOB_STUCK: Condition<WatchedVitals> = {
  ...{ alert: 'TapedeckJobStuck', severity: 'warning', title: 'job stuck in processing', forMs: 0 },
  meaning: 'It holds its worker; at JOB_TIMEOUT_MS its attempt ends.',
  find({ longestProcessingSec }) {
    if (longestProcessingSec <= 3_600) return undefined;
    const minutes = Math.floor(longestProcessingSec / 60);
    return { summary: `A job has been in processing for ${minutes} minutes.`, figures: { longestProcessingSec } };
  },
};

const FAILURE_RATE_HIGH: Condition<WatchedVitals> = {
  ...{ alert: 'TapedeckFailureRateHigh', severity: 'warning', title: 'many jobs fail', forMs: 0 },
  meaning: 'Either something of ours is broken, or callers send what cannot be converted: the error codes tell which.',
  find({ endedWithinHour: { completed, failed } }) {
    const ended = completed + failed;
    if (ended < 10 || failed / ended <= 0.1) return undefined;
    return {
      summary: `${failed} of the ${ended} jobs that ended in the last hour failed: ${percent(failed / ended)}.`,
      figures: { completed, failed },
    };
  },
};

const FAILED_JOBS: Condition<WatchedVitals> = {
  ...{ alert: 'TapedeckFailedJobs', severity: 'warning', title: 'failed jobs', forMs: 0 },
  meaning: 'Nobody repeats them unless somebody asks for it.',
  find({ failedWithinDay }) {
    if (failedWithinDay <= 10) return undefined;
    return { summary: `${failedWithinDay} jobs failed within the last 24 hours.`, figures: { failedWithinDay } };
  },
};

const CALLBACKS_EXHAUSTED: Condition<WatchedVitals> = {
  ...{ alert: 'TapedeckCallbacksExhausted', severity: 'warning', title: 'callbacks given up', forMs: 0 },
  meaning: 'Their receivers refused them for good, or for days, and do not know what became of their jobs.',
  find({ callbacks: { exhausted } }) {
    if (exhausted === 0) return undefined;
    return { summary: `${exhausted} callbacks were given up and not sent again.`, figures: { exhausted } };
  },
};

const DISK_FILLING: Condition<WatchedVitals> = {
  ...{ alert: 'TapedeckDiskFilling', severity: 'warning', title: 'disk filling', forMs: 5 * MINUTE_MS },
  meaning: 'Large jobs begin to fail before it is full.',
  find: (vitals) => findFullDisk(vitals, 0.8),
};

const DISK_FULL: Condition<WatchedVitals> = {
  ...{ alert: 'TapedeckDiskFull', severity: 'critical', title: 'disk almost full', forMs: MINUTE_MS },
  meaning: 'Jobs fail for want of room.',
  find: (vitals) => findFullDisk(vitals, 0.9),
};

function findFullDisk({ fullestWorkDisk, dataDiskUsedRatio = 0 }: WatchedVitals, above: number) {
  const { workerId = '', usedRatio: workDiskUsedRatio = 0 } = fullestWorkDisk ?? {};
  if (Math.max(workDiskUsedRatio, dataDiskUsedRatio) <= above) return undefined;
  const isWork = workDiskUsedRatio >= dataDiskUsedRatio;
  const [whose, ratio] = isWork ? [`WORK_DIR of ${workerId}`, workDiskUsedRatio] : ['DATA_DIR', dataDiskUsedRatio];
  return {
    summary: `The disk of ${whose} is ${percent(ratio)} full.`,
    figures: { workDiskUsedRatio, dataDiskUsedRatio },
  };
}

const REDIS_MEMORY_HIGH: Condition<WatchedVitals> = {
  ...{ alert: 'TapedeckRedisMemoryHigh', severity: 'critical', title: 'Redis filling', forMs: 5 * MINUTE_MS },
  meaning: 'When it is full, no job is accepted, and none can end.',
  find({ redisMemory: { usedBytes, maxBytes } }) {
    if (maxBytes === undefined || usedBytes / maxBytes <= 0.8) return undefined;
    return {
      summary: `Redis uses ${percent(usedBytes / maxBytes)} of the memory that it may.`,
      figures: { usedBytes, maxBytes },
    };
  },
};

/** Of the fleet: one replica of the API looks for them, for all. */
export const FLEET_CONDITIONS: readonly Condition<WatchedVitals>[] = [
  ...[NO_WORKER, WORKER_GONE, QUEUE_LONG, JOB_STUCK, FAILURE_RATE_HIGH, FAILED_JOBS, CALLBACKS_EXHAUSTED],
  ...[DISK_FILLING, DISK_FULL, REDIS_MEMORY_HIGH],
];

/** What a replica of the API sees of Redis. */
export interface RedisContact {
  replica: string;
  /** Undefined while Redis does what it is asked. */
  problem: string | undefined;
}

/** Each replica looks for itself: without Redis, none can know of another. Prometheus sees it as TapedeckDown. */
export const REDIS_AWAY: Condition<RedisContact> = {
  ...{ alert: 'TapedeckRedisAway', severity: 'critical', title: 'Redis away', forMs: MINUTE_MS },
  meaning: 'No job is accepted, none is begun, and none of the other alerts can be raised.',
  find({ replica, problem }) {
    if (problem === undefined) return undefined;
    return { summary: `Redis does not do what the API at ${replica} asks of it: ${problem}.`, figures: {} };
  },
};
