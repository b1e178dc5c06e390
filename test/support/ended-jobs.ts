import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConvertRequest, type JobOutput, type TerminalOutcome } from '@tapedeck/contracts';
import {
  beginAttempt,
  loadOutboxEntry,
  loadRecord,
  publishInTurn,
  recordCallbackTry,
  settleAttempt,
  submitJob,
  type Backend,
  type JobRecord,
} from '@tapedeck/jobs';
import { hashFile, type ObjectStore } from '@tapedeck/transfer';
import type { TempDir } from './temp-dir.ts';

/** Jobs that came to their ends without a worker. Their results are a few bytes under the right names. */
export interface EndedJobs {
  tape(slug: string, changes?: object): Promise<JobRecord>;
  /** With one rendition of two segments. */
  stream(slug: string): Promise<JobRecord>;
  failed(slug: string): Promise<JobRecord>;
  /** Accepted, and no more. */
  waiting(slug: string): Promise<JobRecord>;
  /** Its callback was delivered. */
  deliver(record: JobRecord): Promise<void>;
  /** As if it had ended so many days before. */
  makeOlder(record: JobRecord, days: number): Promise<void>;
}

const signal = AbortSignal.timeout(300_000);
const allow = (): Promise<void> => Promise.resolve();
const DAY_MS = 24 * 3_600_000;

export function createEndedJobs(backend: Backend, store: ObjectStore, temp: TempDir): EndedJobs {
  const { redis } = backend;
  const put = async (bucket: string, key: string, content: string): Promise<void> => {
    const path = join(temp.dir, randomUUID());
    await writeFile(path, content);
    const file = { path, sizeBytes: Buffer.byteLength(content), sha256Hex: await hashFile(path) };
    await store.put({ bucket, key, ...file, assertMayPublish: allow }, signal);
  };
  const submit = async (body: object, outputName: string): Promise<JobRecord> => {
    const parsed = parseConvertRequest({ callbackUrl: 'https://b.example/', ...body });
    if (!parsed.ok) throw new Error(parsed.issues[0].message);
    const submission = {
      request: parsed.request,
      caller: 'tests',
      outputName,
      idempotencyKey: undefined,
      maxAttempts: 3,
    };
    const { jobId } = await submitJob(backend, submission);
    return (await loadRecord(redis, jobId))!;
  };
  const end = async (record: JobRecord, outcome: TerminalOutcome): Promise<JobRecord> => {
    const attempt = await beginAttempt(redis, { jobId: record.jobId, run: 1 });
    if (!attempt) throw new Error('the attempt did not begin');
    await settleAttempt(redis, attempt, outcome);
    await backend.queues.removeConversion({ jobId: record.jobId, run: 1 });
    return (await loadRecord(redis, record.jobId))!;
  };
  const publish = async (record: JobRecord, files: Record<string, string>, output: JobOutput): Promise<JobRecord> => {
    await publishInTurn(redis, record, signal, async () => {
      for (const [key, content] of Object.entries(files)) await put(record.request.bucket, key, content);
    });
    return end(record, { status: 'completed', output });
  };
  const tapeBody = (slug: string) => ({
    mongoId: slug,
    bucket: 'tapes',
    slug,
    zipUrl: `https://a.example/${slug}.zip`,
  });
  return {
    async tape(slug, changes = {}) {
      const record = await submit({ ...tapeBody(slug), ...changes }, `${slug}.mp4`);
      const files = { [`${slug}-poster.jpg`]: 'a poster', [`${slug}.mp4`]: 'an mp4' };
      const urls = { mp4Url: `https://c.example/${slug}.mp4`, posterUrl: `https://c.example/${slug}-poster.jpg` };
      return publish(record, files, { ...urls, duration: 1, size: 6, resolution: [4, 2] });
    },
    async stream(slug) {
      const body = { id: slug, bucket: 'media', slug, videoUrl: `https://a.example/${slug}.mov` };
      const record = await submit(body, `${slug}/master.m3u8`);
      const segments = [0, 1].map((number) => `${randomUUID().slice(-12)}-0000${number}.ts`);
      const files = {
        ...Object.fromEntries(segments.map((name) => [`${slug}/low/${name}`, 'a segment'])),
        [`${slug}/low/playlist.m3u8`]: `#EXTM3U\n${segments.join('\n')}\n`,
        [`${slug}/poster.jpg`]: 'a poster',
        [`${slug}/master.m3u8`]: '#EXTM3U\nlow/playlist.m3u8\n',
      };
      const urls = { hlsUrl: 'https://c.example/master.m3u8', posterUrl: 'https://c.example/poster.jpg' };
      return publish(record, files, { ...urls, duration: 1, size: 90, resolution: null, renditions: [] });
    },
    async failed(slug) {
      const record = await submit(tapeBody(slug), `${slug}.mp4`);
      return end(record, { status: 'failed', error: { code: 'ENCODE_FAILED', message: 'no', phase: 'encode' } });
    },
    waiting: (slug) => submit(tapeBody(slug), `${slug}.mp4`),
    async deliver({ jobId }) {
      const { eventId = '' } = (await loadRecord(redis, jobId))!;
      const entry = await loadOutboxEntry(backend, { jobId, eventId, round: 1 });
      if (!entry) throw new Error('it has no event');
      await recordCallbackTry(redis, entry, { status: 'delivered', httpStatus: 200 });
    },
    async makeOlder({ jobId, status, request, finishedAtMs }, days) {
      const atMs = finishedAtMs! - days * DAY_MS;
      await redis.hset(`tapedeck:job:${jobId}`, 'finishedAtMs', atMs);
      await redis.zadd(`tapedeck:ended:${status}:${request.kind}`, 'XX', atMs, jobId);
      await redis.zadd('tapedeck:results', 'XX', atMs, jobId);
    },
  };
}
