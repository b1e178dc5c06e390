import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parsePlaylistUris } from '@tapedeck/transfer';
import { findProcessesIn } from '../../support/stack.ts';
import type { ReceivedCallback } from '../../support/receiver.ts';
import type { History, PromisedJob } from './history.ts';
import { BUCKET, TOKEN, type World } from './world.ts';

const run = promisify(execFile);

/** What a job's page says, as far as it is checked. */
interface SeenJob {
  status: string;
  finishedAt: string | null;
  callback: { status: string };
}

/** Every job that was promised has come to an end of which its caller has heard; what is still to come is counted. */
export async function countOpen(world: World, history: History): Promise<number> {
  let open = 0;
  for (const { jobId } of history.promised.values()) {
    const job = await loadJob(world, jobId);
    const isOver = job === undefined || (job.finishedAt !== null && job.callback.status === 'delivered');
    if (!isOver || eventsOf(world, jobId).every(({ status }) => status >= 300)) open += 1;
  }
  return open;
}

/** Compares what the callers were told with the world. @returns one line for each promise that was not kept */
export async function findBrokenPromises(world: World, history: History): Promise<string[]> {
  const broken: string[] = [];
  for (const promised of history.promised.values()) {
    const faults = await checkJob(world, promised);
    broken.push(...faults.map((fault) => `${promised.jobId}: ${fault}`));
  }
  return broken.concat(findSharedKeys(world, history), await findLeftovers(world));
}

const eventsOf = ({ receiver }: World, id: string): ReceivedCallback[] =>
  receiver.received.filter(({ event }) => event.jobId === id);

/** @returns undefined for one that is not there */
async function loadJob({ apiUrls }: World, jobId: string): Promise<SeenJob | undefined> {
  const answer = await fetch(`${apiUrls[0]}/api/jobs/${jobId}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`GET ${jobId} answers ${answer.status}`);
  return (await answer.json()) as SeenJob;
}

const WORD_OF = new Map([
  ['completed', 'complete'],
  ['failed', 'error'],
  ['canceled', 'canceled'],
]);

async function checkJob(world: World, { jobId, retries, mayBeDeleted }: PromisedJob): Promise<string[]> {
  const events = eventsOf(world, jobId);
  const job = await loadJob(world, jobId);
  const ids = new Set(events.map(({ id }) => id));
  const faults: string[] = [];
  if (events.every(({ status }) => status >= 300)) faults.push('its caller never heard of its end');
  if (ids.size > 1 + retries) faults.push(`${ids.size} ends were told, and ${retries} other runs were asked for`);
  if (new Set(events.map(({ id, body }) => id + body)).size !== ids.size) faults.push('one event came with two bodies');
  if (events.some(({ verified }) => !verified)) faults.push('a callback had a wrong signature');
  if (!job && !mayBeDeleted && world.lostDataAtMs === 0) faults.push('its record is gone');
  if (job && !job.finishedAt) faults.push(`it is ${job.status}`);
  if (job?.finishedAt && job.callback.status !== 'delivered') faults.push(`its callback is ${job.callback.status}`);
  const told = new Set(events.map(({ event }) => event.status));
  if (job?.finishedAt && !told.has(WORD_OF.get(job.status)!)) {
    faults.push(`it is ${job.status}, and its caller heard ${[...told].join()}`);
  }
  // Whoever deletes, or asks for another run, may have removed what another event told of.
  const isCompleted = job ? job.status === 'completed' : ids.size === 1 && told.has('complete');
  const completed = events.findLast(({ event }) => event.status === 'complete');
  if (isCompleted && completed && !mayBeDeleted) faults.push(...(await findMissingObjects(completed.event)));
  return faults;
}

async function findMissingObjects(event: ReceivedCallback['event']): Promise<string[]> {
  const { mp4Url, hlsUrl, duration, size } = event as { mp4Url?: string; hlsUrl?: string } & Record<string, unknown>;
  if (hlsUrl !== undefined) return findBrokenStream(hlsUrl);
  const sizeBytes = (await fetch(mp4Url!).then((answer) => answer.blob())).size;
  if (sizeBytes !== size) return [`its MP4 has ${sizeBytes} bytes, and its caller heard ${String(size)}`];
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'format=duration',
    '-of',
    'csv=p=0',
    mp4Url!,
  ]);
  const isRight = Math.abs(Number(stdout) - Number(duration)) < 0.1;
  return isRight ? [] : [`its MP4 takes ${stdout.trim()} s, and its caller heard ${String(duration)}`];
}

async function findBrokenStream(hlsUrl: string): Promise<string[]> {
  const faults: string[] = [];
  const master = await fetch(hlsUrl);
  if (!master.ok) return [`its master playlist answers ${master.status}`];
  for (const name of parsePlaylistUris(await master.text())) {
    const playlistUrl = new URL(name, hlsUrl);
    const playlist = await fetch(playlistUrl).then((answer) => answer.text());
    if (!playlist.includes('#EXT-X-ENDLIST')) faults.push(`${name} has no end`);
    for (const segment of parsePlaylistUris(playlist)) {
      const bytes = (await fetch(new URL(segment, playlistUrl)).then((answer) => answer.blob())).size;
      // A segment is whole packets.
      if (bytes === 0 || bytes % 188 !== 0) faults.push(`${segment} has ${bytes} bytes`);
    }
  }
  return faults;
}

/** An Idempotency-Key that led to two jobs, though Redis has forgotten nothing. */
function findSharedKeys({ lostDataAtMs }: World, { promised }: History): string[] {
  const jobIds = new Map<string, string>();
  const faults: string[] = [];
  for (const { jobId, idempotencyKey, promisedAtMs } of promised.values()) {
    if (idempotencyKey === undefined) continue;
    const other = jobIds.get(idempotencyKey);
    const isExcused = lostDataAtMs > promisedAtMs - 10_000;
    if (other !== undefined && !isExcused) faults.push(`${jobId} and ${other} have one Idempotency-Key`);
    jobIds.set(idempotencyKey, jobId);
  }
  return faults;
}

const EMPTY_KEYS = ['unqueued', 'alive', 'outbox', 'announcements'].map((name) => `tapedeck:${name}`);
const EMPTY_STATES = ['wait', 'active', 'delayed', 'prioritized', 'paused'];
const EMPTY_QUEUES = ['conversions', 'callbacks'].flatMap((queue) =>
  EMPTY_STATES.map((state) => `tapedeck:queue:${queue}:${state}`),
);

/** What nobody needs any more, and is still there. */
export async function findLeftovers(world: World): Promise<string[]> {
  const { redis, spaces, disk, workers } = world;
  const leftovers: string[] = [];
  for (const key of [...EMPTY_KEYS, ...EMPTY_QUEUES]) {
    if (await redis.command('EXISTS', key)) leftovers.push(`Redis has ${key}`);
  }
  const uploads = await spaces.listUploads(BUCKET);
  leftovers.push(...uploads.map((key) => `an incomplete upload of ${key}`));
  leftovers.push(...(await findProcessesIn(disk.dir)).map((line) => `${line} in the scratch directory`));
  const roots = await readdir(disk.dir);
  if (roots.length > workers.length) leftovers.push(`scratch directories of ${roots.length} workers`);
  for (const root of roots) {
    const names = (await readdir(join(disk.dir, root))).filter((name) => name !== 'alive');
    leftovers.push(...names.map((name) => `a workspace ${name}`));
  }
  return leftovers;
}

const MAX_FILES = 100;

/** A process that is idle has few files open; one that leaks, more and more. */
export async function findLeaks({ apis, workers }: World): Promise<string[]> {
  const leaks: string[] = [];
  for (const service of [...apis, ...workers]) {
    const files = (await service.measure())?.files ?? 0;
    if (files > MAX_FILES) leaks.push(`${service.name} has ${files} open files`);
  }
  return leaks;
}
