import { z } from 'zod';
import { PRIORITIES } from './vocabulary.ts';

const url = z
  .string()
  .max(8192)
  // Not z.url(), and not ajv's `uri`: both refuse the raw `|` of `auth0|123`, which the URL standard allows in a path.
  .refine((value) => URL.canParse(value), { error: 'expected an absolute URL' });

const reference = z
  .union([z.string(), z.number().int().nonnegative()], { error: 'expected a string' })
  .transform(String)
  .pipe(z.string().min(1).max(200));

const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected a bucket name: 3 to 63 of a-z, 0-9, dot and hyphen');

const slug = z
  .string()
  .min(1)
  .max(200)
  // A slug becomes part of an object key: no control characters, and no way up or out.
  .regex(/^[^\p{Cc}\\]+$/u, 'expected no control characters and no backslash')
  .refine((value) => value.split('/').every((part) => part !== '' && part !== '.' && part !== '..'), {
    error: 'expected no empty, "." or ".." part between slashes',
  });

const X264_PRESETS = [
  'ultrafast',
  'superfast',
  'veryfast',
  'faster',
  'fast',
  'medium',
  'slow',
  'slower',
  'veryslow',
] as const;
export type X264Preset = (typeof X264_PRESETS)[number];

export const tapeOptionsSchema = z
  .strictObject({
    timing: z.enum(['cfr30', 'exact']).default('cfr30').describe('30 frames a second, or every frame at its own time'),
    crf: z.number().min(0).max(51).default(23).describe('x264 constant rate factor; lower is better and larger'),
    preset: z.enum(X264_PRESETS).default('medium'),
    scale: z.number().positive().max(64).optional().describe('output size = frame size × scale'),
    poster: z.boolean().default(true),
    maxBytes: z
      .number()
      .int()
      .min(65_536)
      .optional()
      .describe('a larger result is encoded again under a bitrate ceiling'),
  })
  .prefault({});
export type TapeOptions = z.output<typeof tapeOptionsSchema>;

const metadata = z.record(z.string(), z.unknown(), { error: 'expected an object' });

const common = {
  bucket,
  slug,
  callbackUrl: url,
  priority: z.enum(PRIORITIES).default('normal'),
  metadata: metadata.nullish(),
};

const tapeRequestSchema = z
  .object({
    type: z.literal('tape').optional(),
    mongoId: reference.optional(),
    id: reference.optional(),
    zipUrl: url,
    options: tapeOptionsSchema,
    ...common,
  })
  .transform((body, context) => {
    const chosen = body.mongoId ?? body.id;
    if (chosen === undefined) {
      context.issues.push({ code: 'custom', path: ['mongoId'], message: 'expected mongoId or id', input: body });
      return z.NEVER;
    }
    const { type: _type, ...rest } = body;
    return { kind: 'tape' as const, reference: chosen, ...rest };
  });

export type TapeRequest = z.output<typeof tapeRequestSchema>;
export type ConvertRequest = TapeRequest;

/** The stored form of a request, read back from Redis: the same schema without the choosing. */
export const storedRequestSchema = z.object({
  kind: z.literal('tape'),
  reference: z.string(),
  mongoId: z.string().optional(),
  id: z.string().optional(),
  zipUrl: z.string(),
  options: tapeOptionsSchema,
  ...common,
});

export interface RequestIssue {
  /** Dotted path into the body, `(body)` for the body itself. */
  path: string;
  message: string;
}

export type ParsedRequest =
  { ok: true; request: ConvertRequest } | { ok: false; issues: [RequestIssue, ...RequestIssue[]] };

/**
 * The body of `POST /convert`, checked and with its defaults filled in. The kind follows from the body:
 * `zipUrl` means tape. Never throws: what does not fit comes back as a list of paths and messages.
 */
export function parseConvertRequest(body: unknown): ParsedRequest {
  const mismatch = findTooDeep(body) ?? findKindMismatch(body);
  if (mismatch) return { ok: false, issues: [mismatch] };
  const result = tapeRequestSchema.safeParse(body, { reportInput: true });
  if (result.success) return { ok: true, request: result.data };
  const issues = result.error.issues.map(toRequestIssue);
  return { ok: false, issues: [issues[0]!, ...issues.slice(1)] };
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
    return { path: '(body)', message: `expected an object, got ${describe(body)}` };
  }
  const hasZip = 'zipUrl' in body;
  const hasVideo = 'videoUrl' in body;
  if (hasZip === hasVideo) {
    const got = hasZip ? 'both' : 'neither';
    return { path: 'zipUrl', message: `expected exactly one of zipUrl and videoUrl, got ${got}` };
  }
  const kind = hasZip ? 'tape' : 'hls';
  if ('type' in body && body.type !== undefined && body.type !== kind) {
    return { path: 'type', message: `expected "${kind}", which is what the body asks for, got ${describe(body.type)}` };
  }
  if (hasVideo) return { path: 'videoUrl', message: 'videos are not converted by this version; expected zipUrl' };
  return undefined;
}

function toRequestIssue(issue: z.core.$ZodIssue): RequestIssue {
  const path = issue.path.map(String).join('.') || '(body)';
  const message = issue.message.replace(/^Invalid input: /, '');
  const saysWhatCame = message.includes('received') || issue.code === 'unrecognized_keys';
  return { path, message: saysWhatCame ? message : `${message}, got ${describe(issue.input)}` };
}

/** What came, short enough for an error message. Strings from a body may be secrets (signed URLs): only their start. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return value.length > 40 ? `"${value.slice(0, 40)}…"` : JSON.stringify(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}
