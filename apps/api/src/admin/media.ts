import { HLS_NAMES, isHlsName, isTapeOutput, JobError, type PlaybackView } from '@tapedeck/contracts';
import type { JobRecord } from '@tapedeck/jobs';
import { buildHlsKey, buildTapeKeys, objectHeaders, type ByteRange, type OpenObject } from '@tapedeck/transfer';
import { isPublisher, type Results } from '@tapedeck/upkeep';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { orUnavailable, requireRecord } from '../job-access.ts';
import { createLongAnswers } from '../long-answers.ts';
import { MEDIA_PATH } from './paths.ts';

/** What a tape's result is called here, whatever its key. */
const TAPE_NAMES = { video: 'video.mp4', poster: 'poster.jpg' } as const;

type MediaRequest = FastifyRequest<{ Params: { jobId: string; '*': string }; Querystring: { download?: string } }>;

/**
 * A job's result for the page alone, out of the store whichever it is: so the page asks no other host, and plays what a
 * bucket without CORS or a broken CDN keeps from it. Nothing but what the job itself has published, by the names of its
 * files; with ranges, because players seek.
 */
export async function mediaRoutes(app: FastifyInstance, results: Results): Promise<void> {
  const answers = createLongAnswers(app);
  app.get(`${MEDIA_PATH}/:jobId/*`, async (request: MediaRequest, reply) => {
    const { jobId, '*': name } = request.params;
    const record = await orUnavailable(() => requireRecord(results.redis, jobId));
    const key = findKey(results, record, name);
    const isThere = key !== undefined && (await orUnavailable(() => isPublisher(results, record)));
    if (!isThere) throw new JobError('NOT_FOUND', 'the job has published no such file');
    const range = parseRange(request.headers.range);
    const opened = await results.store.open(
      record.request.bucket,
      key,
      range ?? { firstByte: 0 },
      answers.begin(reply),
    );
    if (opened === undefined) throw new JobError('NOT_FOUND', 'the file is not in the store any more');
    // Also where it is empty, and so has no first byte.
    if (opened === 'outside') return range ? reply.code(416).send() : reply.code(200).send('');
    if (request.query.download !== undefined && key.endsWith('.mp4'))
      reply.header('content-disposition', nameDownload(record));
    return sendPart(reply.type(objectHeaders(key).contentType), key, opened, range !== undefined);
  });
}

/** Where the page finds what a job has published; null where that is nothing that we may show. */
export async function describePlayback(results: Results, record: JobRecord): Promise<PlaybackView | null> {
  const { jobId, output, resultDeletedAtMs } = record;
  if (!output || resultDeletedAtMs !== undefined || !(await isPublisher(results, record))) return null;
  const urlOf = (name: string): string => `${MEDIA_PATH}/${encodeURIComponent(jobId)}/${name}`;
  const posterUrl = output.posterUrl === undefined ? null : urlOf(HLS_NAMES.poster);
  if (isTapeOutput(output)) {
    const url = urlOf(TAPE_NAMES.video);
    return { url, posterUrl, storyboardUrl: null, downloadUrl: `${url}?download` };
  }
  const storyboardUrl = output.storyboardUrl === undefined ? null : urlOf(HLS_NAMES.storyboardVtt);
  return { url: urlOf(HLS_NAMES.master), posterUrl, storyboardUrl, downloadUrl: null };
}

function findKey({ addresses }: Results, { request }: JobRecord, name: string): string | undefined {
  // Renditions have names of one word; what else fits the pattern leads somewhere else.
  const isOurs = /^[\w./-]+$/.test(name) && !name.includes('..');
  if (request.kind === 'hls') return isOurs && isHlsName(name) ? buildHlsKey(request.slug, name) : undefined;
  const { mp4Key, posterKey } = buildTapeKeys(request, addresses);
  if (name === TAPE_NAMES.video) return mp4Key;
  return name === TAPE_NAMES.poster ? posterKey : undefined;
}

/** RFC 9110, 14.2: one range from its beginning on. Others may be ignored, and no player asks for them. */
function parseRange(header: string | undefined): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === undefined) return undefined;
  const range = { firstByte: Number(first), lastByte: last ? Number(last) : undefined };
  return range.lastByte !== undefined && range.lastByte < range.firstByte ? undefined : range;
}

/** Segments never change; what keeps its name may be another's tomorrow, and posters are shown in every list. */
const MAX_AGE_SEC: Record<string, number> = { ts: 3_600, jpg: 60 };

function sendPart(reply: FastifyReply, key: string, { body, sizeBytes, range }: OpenObject, isPart: boolean) {
  const maxAgeSec = MAX_AGE_SEC[key.split('.').at(-1)!];
  if (maxAgeSec !== undefined) reply.header('cache-control', `private, max-age=${maxAgeSec}`);
  if (isPart) reply.code(206).header('content-range', `bytes ${range.firstByte}-${range.lastByte}/${sizeBytes}`);
  return reply
    .header('accept-ranges', 'bytes')
    .header('content-length', range.lastByte - range.firstByte + 1)
    .send(body);
}

/** RFC 6266 with RFC 8187: a slug may have any character. */
function nameDownload({ request }: JobRecord): string {
  const name = `${request.slug.split('/').at(-1)}.mp4`;
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `attachment; filename="video.mp4"; filename*=UTF-8''${encoded}`;
}
