import { expect, test } from '@jest/globals';
import { FLEET_CONDITIONS, REDIS_AWAY, type WatchedVitals } from './conditions.ts';

const NONE = { waiting: 0, delayed: 0, active: 0 };

const workDisk = (usedRatio: number) => ({ workerId: 'host-1', usedRatio });

/** A fleet with which all is well. */
const WELL: WatchedVitals = {
  queues: { conversions: NONE, callbacks: NONE },
  longestProcessingSec: 0,
  workers: { alive: 2, busy: 0, lost: 0 },
  standIns: 0,
  lostWorkers: [],
  fullestWorkDisk: workDisk(0.1),
  dataDiskUsedRatio: undefined,
  workerMemory: undefined,
  callbacks: { pending: 0, exhausted: 0 },
  failedWithinDay: 0,
  endedWithinHour: { completed: 0, failed: 0 },
  redisMemory: { usedBytes: 1_000, maxBytes: undefined },
};

const findAll = (changes: Partial<WatchedVitals>): string[] =>
  FLEET_CONDITIONS.filter(({ find }) => find({ ...WELL, ...changes })).map(({ alert }) => alert);

const waiting = (count: number) => ({ queues: { conversions: { ...NONE, waiting: count }, callbacks: NONE } });
const nobody = { workers: { alive: 0, busy: 0, lost: 0 } };
const ended = (completed: number, failed: number) => ({ endedWithinHour: { completed, failed } });
const redisMemory = (usedBytes: number, maxBytes?: number) => ({ redisMemory: { usedBytes, maxBytes } });

test.each<[name: string, holds: Partial<WatchedVitals>, doesNot: Partial<WatchedVitals>]>([
  ['QueueLong', waiting(101), waiting(100)],
  ['FailureRateHigh', ended(8, 2), ended(9, 1)],
  ['FailureRateHigh', ended(0, 10), ended(0, 9)],
  ['JobStuck', { longestProcessingSec: 3_601 }, { longestProcessingSec: 3_600 }],
  ['WorkerGone', { workers: { alive: 2, busy: 0, lost: 1 } }, {}],
  ['NoWorker', { ...waiting(1), ...nobody }, nobody],
  ['NoWorker', { ...waiting(1), ...nobody, standIns: 1 }, { ...nobody, standIns: 1 }],
  ['NoWorker', { queues: { conversions: NONE, callbacks: { ...NONE, delayed: 1 } }, ...nobody }, waiting(1)],
  ['DiskFilling', { fullestWorkDisk: workDisk(0.801) }, { fullestWorkDisk: workDisk(0.8) }],
  ['DiskFilling', { dataDiskUsedRatio: 0.801 }, { dataDiskUsedRatio: 0.8 }],
  ['CallbacksExhausted', { callbacks: { pending: 0, exhausted: 1 } }, { callbacks: { pending: 9, exhausted: 0 } }],
  ['FailedJobs', { failedWithinDay: 11 }, { failedWithinDay: 10 }],
  ['RedisMemoryHigh', redisMemory(801, 1_000), redisMemory(800, 1_000)],
  ['RedisMemoryHigh', redisMemory(1_001, 1_000), redisMemory(1e12)],
])('%s holds for %j, and not for %j', (name, holds, doesNot) => {
  expect(findAll(holds)).toEqual([`Tapedeck${name}`]);
  expect(findAll(doesNot)).toEqual([]);
});

test('a disk that is almost full is one that fills, too', () => {
  expect(findAll({ fullestWorkDisk: workDisk(0.901) })).toEqual(['TapedeckDiskFilling', 'TapedeckDiskFull']);
  expect(findAll({ fullestWorkDisk: workDisk(0.9) })).toEqual(['TapedeckDiskFilling']);
});

test('Redis is away when it does not do what it is asked', () => {
  expect(REDIS_AWAY.find({ replica: 'api-1', problem: 'it does not answer' })?.summary).toBe(
    'Redis does not do what the API at api-1 asks of it: it does not answer.',
  );
  expect(REDIS_AWAY.find({ replica: 'api-1', problem: undefined })).toBeUndefined();
});

test.each([
  ['TapedeckNoWorker', { ...waiting(3), ...nobody }, 'No worker is alive, and 3 conversions and callbacks wait.'],
  [
    'TapedeckWorkerGone',
    { workers: { alive: 2, busy: 0, lost: 3 }, lostWorkers: ['host-1', 'host-2'] },
    '3 of the workers vanished without a good-bye and were not replaced (host-1, host-2, …); 2 are alive.',
  ],
  ['TapedeckFailureRateHigh', ended(7, 3), '3 of the 10 jobs that ended in the last hour failed: 30 %.'],
  ['TapedeckJobStuck', { longestProcessingSec: 7_250 }, 'A job has been in processing for 120 minutes.'],
  ['TapedeckDiskFull', { fullestWorkDisk: workDisk(0.91) }, 'The disk of WORK_DIR of host-1 is 91 % full.'],
  ['TapedeckDiskFull', { dataDiskUsedRatio: 0.95 }, 'The disk of DATA_DIR is 95 % full.'],
])('%s says its figures', (alert, changes, summary) => {
  const condition = FLEET_CONDITIONS.find((one) => one.alert === alert)!;
  expect(condition.find({ ...WELL, ...changes })?.summary).toBe(summary);
});
