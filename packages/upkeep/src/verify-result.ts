import { mkdtemp, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { dirname, normalize } from 'node:path/posix';
import { HLS_NAMES, JobError } from '@tapedeck/contracts';
import type { JobRecord } from '@tapedeck/jobs';
import { inspectHls, inspectMp4, type Finding, type LoadFile, type MediaTools } from '@tapedeck/media';
import { buildHlsKey, buildTapeKeys } from '@tapedeck/transfer';
import { isPublisher } from './result-files.ts';
import type { Results, UpkeepOptions } from './upkeep.ts';

export interface VerifyOptions extends Results, UpkeepOptions {
  tools: MediaTools;
  /** A directory of the caller's, in which FFmpeg may work. Nothing stays there. */
  dir: string;
}

/** Told of the first few; the rest is counted. */
const MAX_TOLD = 3;

/**
 * Downloads what a job has published and looks at all of it. A result that is broken is a deed that failed.
 * @throws JobError STORAGE_… and whatever else keeps it from being looked at
 */
export async function verifyResult(options: VerifyOptions, record: JobRecord): Promise<void> {
  const { dryRun, onDeed } = options;
  const about = record.jobId;
  if (record.resultDeletedAtMs !== undefined || !(await isPublisher(options, record))) {
    return onDeed({ outcome: 'skipped', about, what: 'what lies there now is not its result' });
  }
  if (dryRun) return onDeed({ outcome: 'done', about, what: `look at ${record.outputName}` });
  const dir = await mkdtemp(join(options.dir, 'verify-'));
  try {
    const findings = await inspect({ ...options, dir }, record);
    const wrong = findings.filter(({ verdict }) => verdict === 'wrong');
    if (wrong.length > 0) onDeed({ outcome: 'failed', about, what: `${record.outputName}: ${describe(wrong)}` });
    else onDeed({ outcome: 'done', about, what: `${record.outputName} is whole` });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function describe(findings: readonly Finding[]): string {
  const told = findings.slice(0, MAX_TOLD).map(({ code, where, what }) => `${code}, ${where}: ${what}`);
  const more = findings.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

async function inspect(options: VerifyOptions, { request }: JobRecord): Promise<Finding[]> {
  const { store, addresses, tools, dir: cwd, signal } = options;
  if (request.kind === 'hls') {
    return inspectHls(tools, { cwd, playlist: HLS_NAMES.master, load: createLoader(options, request), signal });
  }
  const { mp4Key } = buildTapeKeys(request, addresses);
  const fileName = 'result.mp4';
  await store.save(request.bucket, mp4Key, join(cwd, fileName), signal);
  return inspectMp4(tools, { cwd, fileName, name: mp4Key, signal });
}

/** Brings the files below a slug as its playlists name them, one after the other: each is gone when it was looked at. */
function createLoader(
  { store, dir, signal }: VerifyOptions,
  { bucket, slug }: { bucket: string; slug: string },
): LoadFile {
  let files = 0;
  return async (uri, from) => {
    const address = normalize(`${dirname(from)}/${uri}`);
    if (address.startsWith('..')) throw new JobError('SOURCE_URL_REFUSED', 'it leads out of the slug');
    files += 1;
    const fileName = `file-${files}${extname(address)}`;
    const path = join(dir, fileName);
    const saved = await store.save(bucket, buildHlsKey(slug, address), path, signal).catch((cause: unknown) => {
      // A JobError would say that the stream is broken.
      throw new Error('the store did not answer', { cause });
    });
    if (!saved) throw new JobError('SOURCE_NOT_FOUND', 'there is no such object');
    if (saved.sizeBytes === 0) throw new JobError('SOURCE_EMPTY');
    return { fileName, sizeBytes: saved.sizeBytes, address, release: () => rm(path, { force: true }) };
  };
}
