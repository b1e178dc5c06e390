import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JobError } from '@tapedeck/contracts';
import type { JobRecord } from '@tapedeck/jobs';
import { inLanes } from '@tapedeck/runtime';
import { putChecked, type ObjectStore } from '@tapedeck/transfer';
import { findResultFiles, isPublisher } from './result-files.ts';
import type { Results, UpkeepOptions } from './upkeep.ts';

export interface MigrateOptions extends Results, UpkeepOptions {
  /** Where results go; they come from `store`. */
  target: ObjectStore;
  /** A bucket's name there. */
  bucketOf: (bucket: string) => string;
  /** A directory of the caller's, for a few objects at a time. Nothing stays there. */
  dir: string;
}

/**
 * Copies what a job has published, under the same keys. What is there already with the same bytes is left alone, so an
 * interrupted copy goes on where it was. Nothing is ever deleted. What leads to the others comes last.
 * @throws JobError STORAGE_MISMATCH when it is not there, or changes; STORAGE_…; JOB_STATE_CONFLICT when another job has published there meanwhile
 */
export async function migrateResult(options: MigrateOptions, record: JobRecord): Promise<void> {
  const { bucketOf, onDeed, signal } = options;
  const { jobId, request } = record;
  if (record.resultDeletedAtMs !== undefined || !(await isPublisher(options, record))) {
    return onDeed({ outcome: 'skipped', about: jobId, what: 'what lies there now is not its result' });
  }
  const files = await findResultFiles(options, record, signal);
  if (!files.some(({ key }) => key === record.outputName)) {
    throw new JobError('STORAGE_MISMATCH', `${record.outputName} is not where it was published`);
  }
  const [leading, others] = [files.filter(isLeading), files.filter((file) => !isLeading(file))];
  const copied = { files: 0, sizeBytes: 0 };
  const copy = async ({ key }: { key: string }): Promise<void> => {
    const sizeBytes = await copyObject(options, request.bucket, key);
    if (sizeBytes === undefined) return;
    copied.files += 1;
    copied.sizeBytes += sizeBytes;
  };
  await inLanes(others, copy);
  for (const file of leading.toReversed()) await copy(file);
  if (!(await isPublisher(options, record))) {
    throw new JobError('JOB_STATE_CONFLICT', 'another job has published there meanwhile; copy it again');
  }
  if (copied.files === 0) return onDeed({ outcome: 'skipped', about: jobId, what: 'all of it is there' });
  const what = `copy ${copied.files} of ${files.length} files to ${bucketOf(request.bucket)}`;
  onDeed({ outcome: 'done', about: jobId, what, sizeBytes: copied.sizeBytes });
}

const isLeading = ({ key }: { key: string }): boolean => key.endsWith('.m3u8');

const mayPublish = (): Promise<void> => Promise.resolve();

/** By way of a file: it is read once, and its hash is known before it is sent. @returns undefined when it is there */
async function copyObject(
  { store, target, bucketOf, dir, dryRun, signal }: MigrateOptions,
  bucket: string,
  key: string,
): Promise<number | undefined> {
  const toBucket = bucketOf(bucket);
  const [origin, there] = await Promise.all([store.head(bucket, key, signal), target.head(toBucket, key, signal)]);
  if (!origin) throw new JobError('STORAGE_MISMATCH', `${key} is not there any more`);
  const isSame = origin.sizeBytes === there?.sizeBytes && origin.sha256Hex === there.sha256Hex;
  if (isSame && origin.sha256Hex !== undefined) return undefined;
  if (dryRun) return origin.sizeBytes;
  const own = await mkdtemp(join(dir, 'copy-'));
  const path = join(own, 'object');
  try {
    const saved = await store.save(bucket, key, path, signal);
    const isWhole = saved && (origin.sha256Hex === undefined || origin.sha256Hex === saved.sha256Hex);
    if (!isWhole) throw new JobError('STORAGE_MISMATCH', `${key} changed while it was read`);
    if (saved.sha256Hex === there?.sha256Hex) return undefined;
    await putChecked(target, { bucket: toBucket, key, path, ...saved, assertMayPublish: mayPublish }, signal);
    return saved.sizeBytes;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
