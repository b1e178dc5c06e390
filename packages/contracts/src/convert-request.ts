import { z } from 'zod';
import type { EventSubject } from './callback-event.ts';
import { callbackFormatSchema, type CallbackFormat } from './callback-format.ts';
import { ladderSchema } from './ladder.ts';
import { describeInput, parseInput, type ParsedInput, type RequestIssue, type RequestIssues } from './request-issue.ts';
import { PRIORITIES } from './vocabulary.ts';
import { X264_PRESETS } from './x264-preset.ts';

const url = z
  .string()
  .max(8192)
  // Not z.url(), and not ajv's `uri`: both refuse the raw `|` of `auth0|123`, which the URL standard allows in a path.
  .refine((value) => URL.canParse(value), { error: 'expected an absolute URL' })
  .describe('An absolute https: URL; a raw | in its path is fine.');

const reference = z
  .union([z.string().min(1).max(200), z.number().int().nonnegative()], { error: 'expected a string' })
  .transform(String)
  .describe("The caller's own name for the recording, never interpreted. A number becomes a string.");

const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected a bucket name: 3 to 63 of a-z, 0-9, dot and hyphen')
  // S3's SDK takes these for access points, outposts and directories, and asks other hosts for them.
  .regex(/^(?!.*(--[a-z0-9]+-s3|-s3alias|\.mrap)$)/, 'expected no name that is kept for something else than a bucket')
  .describe('The bucket that the result goes to.');

const slug = z
  .string()
  .min(1)
  .max(200)
  // A slug becomes part of an object key: no control characters, and no way up or out.
  .regex(/^[^\p{Cc}\p{Cs}\\]+$/u, 'expected no control characters, no half characters and no backslash')
  .refine((value) => value.split('/').every((part) => part !== '' && part !== '.' && part !== '..'), {
    error: 'expected no empty, "." or ".." part between slashes',
  })
  .describe('What the result is called in the bucket. May have slashes, with no empty, "." or ".." part between them.');

export const tapeOptionsSchema = z
  .strictObject({
    timing: z
      .enum(['cfr30', 'exact'])
      .default('cfr30')
      .describe('cfr30: 30 frames a second. exact: every frame at its own time.'),
    crf: z.number().min(0).max(51).default(23).describe('Constant rate factor of x264; lower is better and larger.'),
    preset: z.enum(X264_PRESETS).default('medium').describe('Of x264; slower is smaller.'),
    scale: z
      .number()
      .positive()
      .max(64)
      .optional()
      .describe('Output size = frame size × scale. metadata.scaledSize, a size in pixels, comes before it.'),
    poster: z.boolean().default(true).describe('A JPEG beside the MP4.'),
    maxBytes: z
      .number()
      .int()
      .min(65_536)
      .optional()
      .describe('Bytes. A larger result is encoded again under a bitrate ceiling.'),
  })
  .prefault({});
export type TapeOptions = z.output<typeof tapeOptionsSchema>;

export const metadataSchema = z
  .record(z.string(), z.unknown(), { error: 'expected an object' })
  .nullish()
  .describe('Free-form, comes back untouched. The body has at most 256 KiB and 64 levels.');

const common = {
  bucket,
  slug,
  callbackUrl: url.describe('Where the result is told: an absolute https: URL.'),
  priority: z.enum(PRIORITIES).default('normal').describe('Which jobs go first; within one, the oldest.'),
  metadata: metadataSchema,
};

/** A caller's own reference comes under either name; the chosen one is `reference`. */
const named = { mongoId: reference.optional(), id: reference.optional() };
/** In the words of JSON Schema, for who reads the document; the check itself is below, and names the field. */
const EITHER_NAME = { anyOf: [{ required: ['mongoId'] }, { required: ['id'] }] };

const uploadSchema = z
  .strictObject({
    putUrl: url.describe('A presigned URL for PUT, to which the MP4 goes.'),
    posterPutUrl: url.optional().describe('Likewise for the poster, another object; without it there is none.'),
  })
  .refine(({ putUrl, posterPutUrl }) => posterPutUrl === undefined || !isSameAddress(putUrl, posterPutUrl), {
    path: ['posterPutUrl'],
    error: 'expected the URL of another object than putUrl',
  });
/** Where a tape's results go when not into the bucket: our credentials are not needed. */
export type Upload = z.output<typeof uploadSchema>;

function isSameAddress(one: string, other: string): boolean {
  const [a, b] = [URL.parse(one), URL.parse(other)];
  return a !== null && b !== null && a.origin === b.origin && a.pathname === b.pathname;
}

const tapeFields = {
  ...named,
  zipUrl: url.describe('A ZIP of frames (PNG or WebP) with timing.json: an absolute https: URL; a raw | is fine.'),
  options: tapeOptionsSchema,
  upload: uploadSchema.optional().describe('Where the result goes instead of the bucket.'),
  callbackFormat: callbackFormatSchema
    .optional()
    .describe('Which body callbackUrl is sent. oven-complete needs code; default: what your key has, else standard.'),
  code: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('What the tape is called by the receiver of oven-complete; metadata.code means the same.'),
  ...common,
};

export const hlsOptionsSchema = z
  .strictObject({
    storyboard: z.boolean().default(false).describe('A sprite of small pictures and its WebVTT, for the seek bar.'),
  })
  .prefault({});

/** Without a ladder the worker's HLS_LADDER decides. */
const hlsFields = {
  ...named,
  videoUrl: url.describe('A video or sound file: an absolute https: URL; a raw | is fine.'),
  ladder: ladderSchema.optional(),
  options: hlsOptionsSchema,
  ...common,
};

export const tapeRequestSchema = z
  .object({ type: z.literal('tape').optional(), ...tapeFields })
  .meta(EITHER_NAME)
  .transform(({ type: _type, ...body }, context) => {
    const chosen = body.mongoId ?? body.id;
    if (chosen === undefined) return missingReference(context, 'mongoId', 'mongoId or id', body);
    const { upload, options } = body;
    const code = body.code ?? tapeFields.code.safeParse(body.metadata?.code).data;
    if (body.callbackFormat === 'oven-complete' && code === undefined) return missingCode(context, body);
    // What can be put nowhere is not made.
    const poster = options.poster && (!upload || upload.posterPutUrl !== undefined);
    return {
      kind: 'tape' as const,
      reference: chosen,
      ...body,
      ...(body.callbackFormat === 'oven-complete' && { code }),
      options: { ...options, poster },
    };
  });

export const hlsRequestSchema = z
  // `storyboard` beside `ladder` means the same as within `options`.
  .object({
    type: z.literal('hls').optional(),
    storyboard: z.boolean().optional().describe('The same as options.storyboard, which it comes before.'),
    // A stream is hundreds of objects, whose names are not known before.
    upload: z.undefined({ error: 'expected none for a video: only a tape can be uploaded to a URL' }).optional(),
    callbackFormat: z
      .literal('standard', { error: 'expected "standard" for a video: only a tape can have another' })
      .optional()
      .describe('Which body callbackUrl is sent: of a video always the standard one.'),
    ...hlsFields,
  })
  .meta(EITHER_NAME)
  .transform(({ type: _type, storyboard, upload: _upload, callbackFormat: _format, ...body }, context) => {
    const chosen = body.id ?? body.mongoId;
    if (chosen === undefined) return missingReference(context, 'id', 'id or mongoId', body);
    // Every event of a video names `id`; a caller who sent `mongoId` finds that name too.
    const options = { ...body.options, ...(storyboard !== undefined && { storyboard }) };
    return { kind: 'hls' as const, reference: chosen, ...body, id: chosen, options };
  });

function missingReference(context: z.core.ParsePayload, path: string, expected: string, input: unknown): never {
  context.issues.push({ code: 'custom', path: [path], message: `expected ${expected}, got nothing`, input });
  return z.NEVER;
}

function missingCode(context: z.core.ParsePayload, input: unknown): never {
  const message = 'expected the code of the tape (or metadata.code) for callbackFormat oven-complete, got nothing';
  context.issues.push({ code: 'custom', path: ['code'], message, input });
  return z.NEVER;
}

export type TapeRequest = z.output<typeof tapeRequestSchema>;
export type HlsRequest = z.output<typeof hlsRequestSchema>;
export type ConvertRequest = TapeRequest | HlsRequest;

/** The stored form of a request, read back from Redis: the same fields without the choosing. */
export const storedRequestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tape'), reference: z.string(), ...tapeFields }),
  z.object({ kind: z.literal('hls'), reference: z.string(), ...hlsFields, id: z.string() }),
]);

/** Where a request's recording lies. */
export function sourceUrlOf(request: ConvertRequest): string {
  return request.kind === 'tape' ? request.zipUrl : request.videoUrl;
}

export type ParsedRequest = { ok: true; request: ConvertRequest } | { ok: false; issues: RequestIssues };

/** What a caller's tapes have unless they say otherwise. */
export interface TapeDefaults {
  callbackFormat?: CallbackFormat;
}

/**
 * The body of `POST /convert`, checked and with its defaults filled in. The kind follows from the body:
 * `zipUrl` means tape, `videoUrl` means HLS. Never throws: what does not fit comes back as a list of paths and messages.
 */
export function parseConvertRequest(body: unknown, defaults: TapeDefaults = {}): ParsedRequest {
  const mismatch = findTooDeep(body) ?? findKindMismatch(body);
  if (mismatch) return { ok: false, issues: [mismatch] };
  const isTape = 'zipUrl' in (body as object);
  const parsed = isTape
    ? parseInput(tapeRequestSchema, { ...defaults, ...(body as object) })
    : parseInput(hlsRequestSchema, body);
  return parsed.ok ? { ok: true, request: parsed.value } : parsed;
}

export const MAX_BATCH_JOBS = 100;

const countError = ({ input }: { input?: unknown }): string =>
  `expected 1 to ${MAX_BATCH_JOBS} jobs, got ${Array.isArray(input) ? input.length : describeInput(input)}`;
const batchSchema = z.object({
  jobs: z
    .array(z.unknown(), { error: countError })
    .min(1, { error: countError })
    .max(MAX_BATCH_JOBS, { error: countError }),
});

/** The body of `POST /convert/batch`: a list of bodies that `parseConvertRequest` takes, each of which is still to be parsed. */
export function parseConvertBatch(body: unknown): ParsedInput<{ jobs: unknown[] }> {
  return parseInput(batchSchema, body);
}

const MAX_DEPTH = 64;

/** Before anything walks the body by recursion. Level by level, so that depth costs no stack here either. */
function findTooDeep(body: unknown): RequestIssue | undefined {
  let level: unknown[] = [body];
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    level = level.flatMap((value): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
    if (level.length === 0) return undefined;
  }
  return { path: '(body)', message: `expected at most ${MAX_DEPTH} levels, got more` };
}

function findKindMismatch(body: unknown): RequestIssue | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { path: '(body)', message: `expected an object, got ${describeInput(body)}` };
  }
  const hasZip = 'zipUrl' in body;
  const hasVideo = 'videoUrl' in body;
  if (hasZip === hasVideo) {
    const got = hasZip ? 'both' : 'neither';
    return { path: 'zipUrl', message: `expected exactly one of zipUrl and videoUrl, got ${got}` };
  }
  const kind = hasZip ? 'tape' : 'hls';
  if ('type' in body && body.type !== undefined && body.type !== kind) {
    return {
      path: 'type',
      message: `expected "${kind}", which is what the body asks for, got ${describeInput(body.type)}`,
    };
  }
  return undefined;
}

/** Where the caller has its result, when that is not in a bucket of ours: only a tape's can be. */
export function uploadOf(request: ConvertRequest): Upload | undefined {
  return request.kind === 'tape' ? request.upload : undefined;
}

/** What every event of a job repeats of its request. */
export function subjectOf(request: ConvertRequest): Omit<EventSubject, 'jobId'> {
  const { mongoId, id, metadata } = request;
  if (request.kind === 'hls') return { mongoId, id, metadata };
  const { callbackFormat, code } = request;
  return { mongoId, id, metadata, callbackFormat, code };
}

/** Which body its receiver is sent. */
export function callbackFormatOf(request: ConvertRequest): CallbackFormat {
  return (request.kind === 'tape' && request.callbackFormat) || 'standard';
}
