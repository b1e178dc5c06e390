import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dirname } from 'node:path/posix';
import { HLS_NAMES, isTapeOutput, JobError, type HlsOutput } from '@tapedeck/contracts';
import { loadPublisher, placeOf, takeTurn, type JobRecord } from '@tapedeck/jobs';
import {
  buildMasterPlaylist,
  describePublished,
  parseSegments,
  type MeasuredRendition,
  type MediaTools,
} from '@tapedeck/media';
import { buildHlsKey, hashFile, putChecked } from '@tapedeck/transfer';
import { isPublisher } from './result-files.ts';
import type { Results, UpkeepOptions } from './upkeep.ts';

export interface RebuildOptions extends Results, UpkeepOptions {
  tools: MediaTools;
  /** A directory of the caller's, in which FFmpeg may work. Nothing stays there. */
  dir: string;
}

const MAX_PLAYLIST_BYTES = 16 * 1024 * 1024;

/**
 * Writes a stream's master playlist anew, from its media playlists and segments as they are published; nothing is
 * encoded. It is replaced in the job's turn, and only when it is not what it should be: doing it twice does nothing.
 * @throws JobError STORAGE_MISMATCH when something that it would lead to is not there; STORAGE_…, MEDIA_…
 */
export async function rebuildMaster(options: RebuildOptions, record: JobRecord): Promise<void> {
  const { redis, dryRun, onDeed, signal } = options;
  const { output, jobId } = record;
  const skip = (what: string): void => onDeed({ outcome: 'skipped', about: jobId, what });
  if (!output || isTapeOutput(output)) return skip('it is no stream');
  if (record.resultDeletedAtMs !== undefined) return skip('its result was deleted');
  if (!(await isPublisher(options, record))) return skip('what lies there now is not its result');
  const rebuild = () => rebuildInTurn(options, record, output);
  if (dryRun) await rebuild();
  else await takeTurn(redis, placeOf(record), signal, rebuild);
}

async function rebuildInTurn(options: RebuildOptions, record: JobRecord, output: HlsOutput): Promise<void> {
  const { store, dryRun, onDeed, signal } = options;
  const { jobId, request } = record;
  const key = buildHlsKey(request.slug, HLS_NAMES.master);
  const dir = await mkdtemp(join(options.dir, 'rebuild-'));
  try {
    const renditions = await describeRenditions({ ...options, dir }, record, output);
    const master = buildMasterPlaylist(renditions);
    const before = await store.read(request.bucket, key, MAX_PLAYLIST_BYTES, signal);
    if (before?.toString('utf8') === master) {
      return onDeed({ outcome: 'skipped', about: jobId, what: 'its master playlist is as it should be' });
    }
    if (!dryRun) await replaceMaster(options, record, key, join(dir, HLS_NAMES.master), master);
    const what = `${before ? 'replace' : 'write'} ${key}: ${renditions.map(({ name }) => name).join(', ')}`;
    onDeed({ outcome: 'done', about: jobId, what });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function replaceMaster(
  { redis, store, signal }: RebuildOptions,
  { jobId, request, outputName }: JobRecord,
  key: string,
  path: string,
  master: string,
): Promise<void> {
  await writeFile(path, master);
  const file = { path, sizeBytes: Buffer.byteLength(master), sha256Hex: await hashFile(path) };
  const assertMayPublish = async (): Promise<void> => {
    if ((await loadPublisher(redis, request.bucket, outputName)) === jobId) return;
    throw new JobError('JOB_STATE_CONFLICT', 'another job has published there meanwhile');
  };
  await putChecked(store, { bucket: request.bucket, key, ...file, assertMayPublish }, signal);
}

/** In the order in which they were published: the largest first. */
async function describeRenditions(
  options: RebuildOptions,
  { request }: JobRecord,
  output: HlsOutput,
): Promise<MeasuredRendition[]> {
  const { store, tools, dir: cwd, signal } = options;
  const { bucket, slug } = request;
  const sizes = new Map<string, number>();
  for await (const { key, sizeBytes } of store.list(bucket, buildHlsKey(slug, ''), signal)) sizes.set(key, sizeBytes);
  const described: MeasuredRendition[] = [];
  for (const [index, { name }] of output.renditions.entries()) {
    const playlistKey = buildHlsKey(slug, HLS_NAMES.playlist(name));
    const text = await store.read(bucket, playlistKey, MAX_PLAYLIST_BYTES, signal);
    const segments = parseSegments(text?.toString('utf8') ?? '').map((segment) => {
      const sizeBytes = sizes.get(`${dirname(playlistKey)}/${segment.uri}`);
      if (!sizeBytes) throw new JobError('STORAGE_MISMATCH', `${playlistKey} names ${segment.uri}, which is not there`);
      return { ...segment, sizeBytes };
    });
    if (!segments[0]) throw new JobError('STORAGE_MISMATCH', `expected segments in ${playlistKey}, got none`);
    const fileName = `first-${index}.ts`;
    await store.save(bucket, `${dirname(playlistKey)}/${segments[0].uri}`, join(cwd, fileName), signal);
    described.push(await describePublished(tools, { cwd, fileName, signal }, { name, segments }));
  }
  return described;
}
