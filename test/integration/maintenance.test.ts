import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  beginAttempt,
  connectRedis,
  findJobs,
  loadRecord,
  openQueues,
  settleAttempt,
  waitForRedis,
  type Backend,
  type JobRecord,
  type Redis,
} from '@tapedeck/jobs';
import { findMediaTools, type MediaTools } from '@tapedeck/media';
import { createLocalStore, createSpacesStore, storageDir, type ObjectStore } from '@tapedeck/transfer';
import { createReconverter, migrateResult, onEachJob, rebuildMaster, verifyResult, type Deed } from '@tapedeck/upkeep';
import { createEndedJobs, type EndedJobs } from '../support/ended-jobs.ts';
import { poll } from '../support/poll.ts';
import { readFiles } from '../support/read-files.ts';
import { endProcess } from '../support/redis-server.ts';
import { startRgw, type TestRgw } from '../support/rgw.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { takeSnapshot } from '../support/snapshot.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import { AAC, ffmpeg, X264 } from '../support/video/clip.ts';

/** What an operator does once in a while, on real results in the local store and at the server that Spaces runs. */
let stack: Stack;
let rgw: TestRgw;
let spaces: TestSpaces;
let redis: Redis;
let backend: Backend;
let local: ObjectStore;
let remote: ObjectStore;
let tools: MediaTools;
let temp: TempDir;
let jobs: EndedJobs;
let tape: JobRecord;
let stream: JobRecord;

beforeAll(async () => {
  [stack, rgw, temp] = await Promise.all([
    startStack({ env: { JOB_JOURNAL: 'off' } }),
    startRgw(),
    createTempDir('maintenance'),
  ]);
  spaces = openSpaces(rgw);
  for (const bucket of ['tapes', 'media', 'archive']) await spaces.createBucket(bucket);
  redis = connectRedis(stack.redis.url, 'patient', () => undefined);
  await waitForRedis(redis, 5_000);
  backend = { redis, queues: await openQueues(redis, 5_000), journal: undefined };
  local = createLocalStore({ dataDir: stack.dataDir, publicUrl: stack.url });
  remote = createSpacesStore({
    ...{ endpoint: rgw.endpoint, region: 'us-east-1', forcePathStyle: true, publicBaseUrl: undefined },
    ...{ accessKeyId: rgw.accessKeyId, secretAccessKey: rgw.secretAccessKey, requestsPerSec: 1_000 },
  });
  const programs = { ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', searchPath: process.env.PATH };
  tools = await findMediaTools({ ...programs, workDir: temp.dir, memoryBytes: 1e9 });
  jobs = createEndedJobs(backend, local, temp);
  [tape, stream] = await convertSamples();
  await endProcess(stack.worker!.child, 'SIGTERM');
}, 120_000);
afterAll(async () => {
  await backend.queues.close();
  redis.disconnect();
  spaces.close();
  await Promise.all([stack.stop(), rgw.stop()]);
  await temp.remove();
});

async function convertSamples(): Promise<[JobRecord, JobRecord]> {
  const path = join(temp.dir, 'video.mp4');
  const picture = ['-f', 'lavfi', '-i', 'color=red:size=320x180:rate=30000/1001:duration=12'];
  await ffmpeg([...picture, '-f', 'lavfi', '-i', 'sine=duration=12', ...X264, ...AAC, path]);
  const { zip } = await buildTape({ width: 32, height: 24, durationsMs: [100, 100, 100] });
  const ladder = [
    { name: 'high', height: 180 },
    { name: 'low', height: 90 },
  ];
  const zipUrl = stack.source.serve('/real-tape.zip', zip);
  const videoUrl = stack.source.serve('/real.mp4', await readFile(path));
  const jobIds = [
    await submit(stack, stack.tapeRequest(zipUrl, { slug: 'real-tape' })),
    await submit(stack, stack.videoRequest(videoUrl, { slug: 'real-video', ladder })),
  ];
  const views = await Promise.all(jobIds.map((jobId) => stack.finished(jobId)));
  expect(views.map(({ status }) => status)).toEqual(['completed', 'completed']);
  const records = await Promise.all(jobIds.map((jobId) => loadRecord(redis, jobId)));
  return [records[0]!, records[1]!];
}

let deeds: Deed[] = [];
beforeEach(() => {
  deeds = [];
});
const upkeep = (dryRun = false) => ({
  ...{ redis, store: local, dryRun, tools, dir: temp.dir },
  addresses: { spacesEndpoint: rgw.endpoint, publicUrl: stack.url },
  onDeed: (deed: Deed) => void deeds.push(deed),
  signal: AbortSignal.timeout(60_000),
});
const snapshot = () => takeSnapshot(redis, [stack.dataDir]);
const localPath = (key: string): string => join(storageDir(stack.dataDir), key);
const all = {
  statuses: ['completed'],
  kind: undefined,
  code: undefined,
  prefix: undefined,
  fromMs: undefined,
} as const;
const filter = (changes: object = {}) => ({ ...all, toMs: Date.now() + 1, sort: 'createdAt' as const, ...changes });
const keysOf = (files: Record<string, string>, bucket: string): string[] =>
  Object.keys(files).flatMap((path) => (path.startsWith(`${bucket}/`) ? [path.slice(bucket.length + 1)] : []));

describe('rebuild-playlists', () => {
  const master = () => localPath('media/real-video/master.m3u8');

  test('leaves alone a master that is as it should be, and writes a damaged or a lost one as it was', async () => {
    const published = await readFile(master());
    await rebuildMaster(upkeep(), stream);
    expect(deeds).toMatchObject([{ outcome: 'skipped', what: 'its master playlist is as it should be' }]);

    for (const damage of [() => writeFile(master(), '#EXTM3U\nlow/playlist.m3u8\n'), () => rm(master())]) {
      await damage();
      deeds = [];
      const before = await snapshot();
      await rebuildMaster(upkeep(true), stream);
      expect(await snapshot()).toEqual(before);
      await rebuildMaster(upkeep(), stream);
      expect(deeds.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
      expect((await readFile(master())).equals(published)).toBe(true);
    }
  });

  test('of a stream that lacks a segment, or that another has replaced, is refused and holds up no other', async () => {
    const [segment] = Object.keys(await readFiles(localPath('media/real-video/low'))).filter((name) =>
      /\.ts$/.test(name),
    );
    const path = localPath(`media/real-video/low/${segment}`);
    const [content, published] = [await readFile(path), await readFile(master())];
    const old = await jobs.stream('replaced');
    await jobs.stream('replaced');
    await rm(path);
    const options = { ...upkeep(), filter: filter({ kind: 'hls' }), timeoutMs: 30_000 };
    await onEachJob(options, (record, signal) => rebuildMaster({ ...upkeep(), signal }, record));
    const of = (jobId: string) => deeds.find(({ about }) => about === jobId);
    expect(of(stream.jobId)).toMatchObject({ outcome: 'failed', what: expect.stringContaining(`names ${segment}`) });
    expect(of(old.jobId)).toMatchObject({ outcome: 'skipped', what: 'what lies there now is not its result' });
    expect(deeds).toHaveLength(3);
    expect((await readFile(master())).equals(published)).toBe(true);
    await writeFile(path, content);
  });
});

describe('migrate-storage', () => {
  const env = () => ({ ...stack.env, ...spaces.env, STORAGE_DRIVER: 'local', SPACES_REQUESTS_PER_SEC: '1000' });
  const options = () => ({ ...upkeep(), target: remote, bucketOf: (bucket: string) => bucket });
  const MASTER = 'real-video/master.m3u8';

  test('copies nothing in a dry run', async () => {
    const before = await snapshot();
    await migrateResult({ ...options(), dryRun: true }, stream);
    expect(deeds).toMatchObject([{ outcome: 'done', about: stream.jobId, what: 'copy 8 of 8 files to media' }]);
    expect([await spaces.list('media'), await snapshot()]).toEqual([[], before]);
  });

  test('that is interrupted shows no stream that is not whole, goes on where it was, and deletes nothing', async () => {
    const before = await snapshot();
    const stop = new AbortController();
    let puts = 0;
    const target: ObjectStore = {
      ...remote,
      async put(publication, signal) {
        puts += 1;
        if (puts > 4) stop.abort(new Error('interrupted'));
        await remote.put(publication, AbortSignal.any([signal, stop.signal]));
      },
    };
    await expect(migrateResult({ ...options(), target, signal: stop.signal }, stream)).rejects.toThrow('interrupted');
    const there = await spaces.list('media');
    expect(there.length).toBeGreaterThanOrEqual(1);
    expect(there).not.toContain(MASTER);

    const run = await runCli(['migrate-storage', '--from', 'local', '--to', 'spaces', '--q', 'real', '--json'], env());
    expect([run.stderr, run.exitCode]).toEqual(['', 0]);
    const rest = 8 - there.length;
    expect(run.rows<Deed>()).toEqual(
      expect.arrayContaining([expect.objectContaining({ what: `copy ${rest} of 8 files to media` })]),
    );
    const files = await readFiles(storageDir(stack.dataDir));
    const wanted = keysOf(files, 'media').filter((key) => key.startsWith('real-'));
    expect(await spaces.list('media')).toEqual(wanted.toSorted());
    for (const key of wanted) {
      expect((await spaces.read('media', key)).equals(await readFile(localPath(`media/${key}`)))).toBe(true);
    }
    expect(await snapshot()).toEqual(before);

    await migrateResult(options(), stream);
    await migrateResult(options(), tape);
    expect(deeds.map(({ outcome, what }) => `${outcome}: ${what}`)).toEqual(
      Array(2).fill('skipped: all of it is there'),
    );
  });

  test('of a result that is not there is no success', async () => {
    const record = await jobs.tape('lost');
    await rm(localPath('tapes/lost.mp4'));
    await expect(migrateResult(options(), record)).rejects.toThrow('lost.mp4 is not where it was published');
  });

  test('copies between buckets, and again what is not the same', async () => {
    const toArchive = { ...options(), store: remote, bucketOf: () => 'archive' };
    await migrateResult(toArchive, stream);
    await spaces.putPublic('archive', MASTER, Buffer.from('something else'));
    await migrateResult(toArchive, stream);
    expect(deeds.map(({ what }) => what)).toEqual(['copy 8 of 8 files to archive', 'copy 1 of 8 files to archive']);
    expect(await spaces.read('archive', MASTER)).toEqual(await readFile(localPath(`media/${MASTER}`)));
  });

  test('a master is rebuilt there, too, byte for byte', async () => {
    await spaces.putPublic('media', MASTER, Buffer.from('#EXTM3U\n'));
    await rebuildMaster({ ...upkeep(), store: remote }, stream);
    expect(deeds).toMatchObject([{ outcome: 'done' }]);
    expect(await spaces.read('media', MASTER)).toEqual(await readFile(localPath(`media/${MASTER}`)));
  });

  test('of a large result takes no more memory than of a small one', async () => {
    const large = await jobs.tape('large');
    await truncate(localPath('tapes/large.mp4'), 300e6);
    const { child, ended } = startCli(['migrate-storage', '--from', 'local', '--to', 'spaces', '--q', 'large'], env());
    let peakKb = 0;
    const watch = setInterval(() => {
      const status = child.exitCode === null ? readFileSync(`/proc/${child.pid}/status`, 'utf8') : '';
      peakKb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? peakKb);
    }, 50);
    const { stdout, exitCode } = await ended;
    clearInterval(watch);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`${large.jobId}: copy 2 of 2 files`)]);
    expect(peakKb).toBeGreaterThan(50_000);
    expect(peakKb).toBeLessThan(300_000);
    await rm(localPath('tapes/large.mp4'));
  });

  test('asks for two places that are not the same', async () => {
    const run = (from: string, to: string) => runCli(['migrate-storage', '--from', from, '--to', to], env());
    const [same, all, other] = await Promise.all([
      run('local', 'local'),
      run('local', 'spaces:archive'),
      run('ftp', 'local'),
    ]);
    expect([same, all, other].map(({ exitCode }) => exitCode)).toEqual([2, 2, 2]);
    expect(same.stderr).toContain('--to: expected another place than --from');
    expect(all.stderr).toContain('--from: expected a bucket');
    expect(other.stderr).toContain('expected local or spaces');
  });
});

describe('verify-results', () => {
  test('finds a stream and an MP4 whole, and then what is broken of them; a dry run looks at nothing', async () => {
    for (const record of [tape, stream]) await verifyResult(upkeep(), record);
    expect(deeds.map(({ outcome, what }) => [outcome, what])).toEqual([
      ['done', 'real-tape.mp4 is whole'],
      ['done', 'real-video/master.m3u8 is whole'],
    ]);
    const [segment] = Object.keys(await readFiles(localPath('media/real-video/low'))).filter((name) =>
      /\.ts$/.test(name),
    );
    const [mp4Path, segmentPath] = [localPath('tapes/real-tape.mp4'), localPath(`media/real-video/low/${segment}`)];
    const before = [await readFile(mp4Path), await readFile(segmentPath)] as const;
    await truncate(mp4Path, before[0].length - 200);
    await rm(segmentPath);
    deeds = [];
    for (const record of [tape, stream]) await verifyResult(upkeep(), record);
    expect(deeds).toMatchObject([
      { outcome: 'failed', about: tape.jobId, what: expect.stringContaining('cut-off') },
      { outcome: 'failed', about: stream.jobId, what: expect.stringContaining(segment!) },
    ]);
    deeds = [];
    for (const record of [tape, stream]) await verifyResult(upkeep(true), record);
    expect(deeds).toMatchObject([{ outcome: 'done' }, { outcome: 'done' }]);
    await writeFile(mp4Path, before[0]);
    await writeFile(segmentPath, before[1]);
  });

  test('takes a store that is away for no fault of the stream', async () => {
    const store: ObjectStore = { ...local, save: () => Promise.reject(new Error('away')) };
    await expect(verifyResult({ ...upkeep(), store }, stream)).rejects.toThrow('the store did not answer');
    expect(deeds).toEqual([]);
  });

  test('that is interrupted goes on where it was, and remembers what was broken', async () => {
    const records: JobRecord[] = [];
    for (let index = 0; index < 70; index += 1) records.push(await jobs.tape(`broken-${index}`));
    const state = join(temp.dir, 'state.json');
    const args = ['verify-results', '--q', 'broken-', '--state', state, '--json'];
    const first = startCli(args, stack.env);
    await poll('the first page to be done', () => readFile(state, 'utf8').catch(() => undefined), 30_000);
    first.child.kill('SIGINT');
    const [interrupted, resumed] = [await first.ended, await runCli(args, stack.env)];
    const about = (rows: Deed[]) => rows.flatMap((row) => (row.about?.startsWith('tape_') ? [row.about] : []));
    const [begun, rest] = [about(interrupted.rows()), about(resumed.rows())];
    expect(interrupted.rows().at(-1)).toMatchObject({ ok: false, interrupted: true });
    expect(begun.length).toBeLessThan(70);
    expect(new Set([...begun, ...rest]).size).toBe(70);
    // Of the page that was interrupted, and no other.
    expect(begun.length + rest.length - 70).toBeLessThanOrEqual(8);
    expect(resumed.rows<Deed>()[0]).toMatchObject({ outcome: 'failed', about: 'before' });
    expect([interrupted.exitCode, resumed.exitCode]).toEqual([130, 1]);
    await expect(readFile(state)).rejects.toThrow('ENOENT');
  });
});

test('what verify-results could not look at is looked at by its next run', async () => {
  const records: JobRecord[] = [];
  for (let index = 0; index < 24; index += 1) records.push(await jobs.tape(`unseen-${index}`));
  const state = join(temp.dir, 'unseen.json');
  const args = ['verify-results', '--q', 'unseen-', '--state', state, '--json'];
  const path = localPath('tapes/unseen-23.mp4');
  await rm(path);
  // Which the system cannot follow.
  await symlink(path, path);
  expect((await runCli(args, stack.env)).exitCode).toBe(1);
  await rm(path);
  await writeFile(path, 'an mp4');
  const next = (await runCli(args, stack.env)).rows<Deed>();
  const { jobId } = records[23]!;
  // Its page, and no other.
  const again = next.filter(({ about }) => about?.startsWith('tape_'));
  expect(again.length).toBeLessThanOrEqual(8);
  expect(next[0]).toMatchObject({ about: 'before', what: `${24 - again.length} were broken before the interruption` });
  expect(next.find(({ about }) => about === jobId)!.what).toContain('too-small');
  await expect(readFile(state)).rejects.toThrow('ENOENT');
}, 60_000);

describe('reconvert', () => {
  const options = (dryRun = false) => ({ ...upkeep(dryRun), backend, batch: 'spring' });
  const again = (dryRun = false, prefix = 'again-') =>
    onEachJob(
      { ...upkeep(), filter: filter({ statuses: [], prefix }), timeoutMs: 10_000 },
      createReconverter(options(dryRun)),
    );
  test('does one result once, also where the first conversion has ended before its turn', async () => {
    const [first, second] = [await jobs.failed('later-again'), await jobs.failed('later-again')];
    const convertAgain = createReconverter(options());
    await convertAgain(first);
    const attempt = await beginAttempt(redis, { jobId: first.jobId, run: 2 });
    await settleAttempt(redis, attempt!, { status: 'canceled' });
    await convertAgain(second);
    expect(deeds.map(({ outcome }) => outcome)).toEqual(['done', 'skipped']);
  });

  test('does one result once, and leaves it to another job that makes it; so does the dry run', async () => {
    for (let times = 0; times < 3; times += 1) await jobs.failed('one-result');
    const completed = await jobs.tape('one-made');
    await jobs.waiting('one-made');
    const done = () => deeds.filter(({ outcome }) => outcome === 'done').length;
    await again(true, 'one-');
    expect(done()).toBe(1);
    deeds = [];
    await again(false, 'one-');
    expect(done()).toBe(1);
    expect(deeds.find(({ about }) => about === completed.jobId)).toMatchObject({
      ...{ outcome: 'skipped', what: 'another job does the same' },
    });
  });

  const count = async () => {
    const everything = { ...filter({ statuses: [] }), toMs: undefined, order: 'asc' } as const;
    return (await findJobs(redis, everything, { limit: 1, offset: 0 })).total;
  };

  test('begins failed jobs anew and submits completed ones once more, once for a batch however often it is run', async () => {
    const [failed, completed, replaced] = [
      await jobs.failed('again-failed'),
      await jobs.tape('again-completed'),
      await jobs.tape('again-replaced'),
    ];
    const [latest, waiting] = [await jobs.tape('again-replaced'), await jobs.waiting('again-waiting')];
    const [before, total] = [await snapshot(), await count()];
    await again(true);
    expect(await snapshot()).toEqual(before);
    const outcomes = () => Object.fromEntries(deeds.map(({ outcome, about }) => [about, outcome]));
    const planned = outcomes();
    deeds = [];
    await again();
    expect(outcomes()).toEqual(planned);
    expect(planned).toEqual({
      ...{ [failed.jobId]: 'done', [completed.jobId]: 'done', [latest.jobId]: 'done' },
      ...{ [replaced.jobId]: 'skipped', [waiting.jobId]: 'skipped' },
    });
    expect(await count()).toBe(total + 2);
    expect((await loadRecord(redis, failed.jobId))!).toMatchObject({ status: 'queued', run: 2 });
    const newJobId = deeds.find(({ about }) => about === completed.jobId)!.what.split(': ')[1]!;
    const { request } = (await loadRecord(redis, newJobId))!;
    expect(request).toEqual({ ...completed.request, priority: 'low' });

    deeds = [];
    await again();
    expect(deeds.filter(({ outcome }) => outcome !== 'skipped')).toEqual([]);
    expect(await count()).toBe(total + 2);
  });
});
