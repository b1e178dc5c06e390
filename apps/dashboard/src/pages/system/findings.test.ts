import type { QueueView, SystemAnswer, WorkerView } from '@tapedeck/contracts';
import { expect, test } from '@jest/globals';
import { countFfmpegVersions, findTrouble } from './findings.ts';

const WORKER: WorkerView = {
  isStandIn: false,
  ...{ workerId: 'a-1', version: '1.0.0', ffmpegVersion: '7.1', busy: 0, concurrency: 1, isPaused: false },
  ...{ jobIds: [], memory: null, protections: { held: ['no network'], missing: [] } },
  ...{ freeDiskBytes: 50, totalDiskBytes: 100 },
};

const WELL: SystemAnswer = {
  atMs: 0,
  api: { version: '1.0.0', uptimeSec: 1, nodeVersion: 'v24.0.0', memoryBytes: 1 },
  redis: { ok: true, latencyMs: 1, usedBytes: 10, maxBytes: 100 },
  storage: { ok: true, latencyMs: 1, driver: 'local', storedBytes: 0 },
  disk: { freeBytes: 50, totalBytes: 100 },
  queues: [
    { name: 'conversions', isPaused: false, waiting: 100, delayed: 0, active: 0 },
    { name: 'callbacks', isPaused: false, waiting: 0, delayed: 0, active: 0 },
  ],
  workers: [WORKER],
  lostWorkers: [],
  callbacks: { pending: 5, exhausted: 0 },
};

const paused: WorkerView = { ...WORKER, workerId: 'b-2', isPaused: true };
const [conversions, callbacks] = WELL.queues as [QueueView, QueueView];

test('nothing is said of a system that is well, also where figures are not known', () => {
  expect(findTrouble(WELL)).toEqual([]);
  const unknown: SystemAnswer = {
    ...WELL,
    redis: { ...WELL.redis, usedBytes: null, maxBytes: null },
    disk: null,
    workers: [{ ...WORKER, totalDiskBytes: null }],
  };
  expect(findTrouble(unknown)).toEqual([]);
});

test.each<[string, Partial<SystemAnswer>, 'warns' | 'fails', RegExp]>([
  ['Redis away', { redis: { ...WELL.redis, ok: false } }, 'fails', /^Redis does not/],
  ['Redis filling', { redis: { ...WELL.redis, usedBytes: 81 } }, 'fails', /81\.0 % of the memory/],
  ['store away', { storage: { ...WELL.storage, ok: false } }, 'fails', /^The store does not/],
  ['no worker', { workers: [] }, 'fails', /^No worker is alive/],
  ['a stand-in alone', { workers: [{ ...WORKER, isStandIn: true }] }, 'warns', /^No worker is alive: the API itself/],
  ['a lost worker', { lostWorkers: ['c-3'] }, 'warns', /^A worker vanished/],
  ['one paused worker', { workers: [WORKER, paused] }, 'warns', /^1 of 2 workers/],
  ['all workers paused', { workers: [paused] }, 'fails', /^All workers are paused/],
  [
    'a paused queue',
    { queues: [conversions, { ...callbacks, isPaused: true }] },
    'fails',
    /queue of callbacks is paused/,
  ],
  ['a long queue', { queues: [{ ...conversions, waiting: 101 }, callbacks] }, 'warns', /^101 conversions wait/],
  ['callbacks given up', { callbacks: { pending: 0, exhausted: 2 } }, 'warns', /^2 callbacks were given up/],
  ['a disk filling', { disk: { freeBytes: 15, totalBytes: 100 } }, 'warns', /data is 85\.0 % full/],
  ['a full disk', { workers: [{ ...WORKER, freeDiskBytes: 5 }] }, 'fails', /work of a-1 is 95\.0 % full/],
  ['another FFmpeg', { workers: [WORKER, { ...WORKER, ffmpegVersion: '5.1' }] }, 'warns', /7\.1 \(1\), 5\.1 \(1\)/],
  ['another version', { workers: [{ ...WORKER, version: '0.9.0' }] }, 'warns', /version 0\.9\.0 work for .* 1\.0\.0/],
  [
    'a missing protection',
    { workers: [{ ...WORKER, protections: { held: [], missing: ['no network'] } }] },
    'warns',
    /on every worker: no network/,
  ],
])('%s is found, alone, with what to do', (_name, change, verdict, what) => {
  const found = findTrouble({ ...WELL, ...change });
  expect(found).toEqual([expect.objectContaining({ verdict, what: expect.stringMatching(what) })]);
  expect(found[0]!.advice).not.toBe('');
});

test('what fails comes before what only warns', () => {
  const found = findTrouble({
    ...WELL,
    lostWorkers: ['c-3'],
    redis: { ...WELL.redis, ok: false },
    disk: { freeBytes: 1, totalBytes: 100 },
  });
  expect(found.map(({ verdict }) => verdict)).toEqual(['fails', 'fails', 'warns']);
});

test('the FFmpeg that most workers have comes first', () => {
  const workers = ['5.1', '7.1', null, '7.1'].map((ffmpegVersion) => ({ ...WORKER, ffmpegVersion }));
  expect(countFfmpegVersions(workers)).toEqual([
    { version: '7.1', count: 2 },
    { version: '5.1', count: 1 },
    { version: 'unknown', count: 1 },
  ]);
});
