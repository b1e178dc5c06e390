import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { LADDER_NAMES } from '@tapedeck/contracts';
import { parseApiKey } from './api-key.ts';
import { parsePasswordHash } from './password.ts';
import { stripUrlQueries } from './redact.ts';
import { z } from 'zod';

const ms = (defaultMs: number) => z.coerce.number().int().min(1).default(defaultMs);
const count = (defaultCount: number) => z.coerce.number().int().min(1).default(defaultCount);
const flag = (defaultFlag: boolean) =>
  z
    .enum(['true', 'false'])
    .default(defaultFlag ? 'true' : 'false')
    .transform((value) => value === 'true');
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const httpUrl = z.string().refine(isHttpUrl, { error: 'expected an http or https URL without user name and query' });

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && !/[@?#]/.test(text);
}

function hasReadablePassword(text: string): boolean {
  return text.startsWith('unix:') || readPassword(text) !== undefined;
}

/** undefined where the text is no URL, or one that nobody could read. */
function readPassword(text: string): string | undefined {
  try {
    return decodeURIComponent(new URL(text).password);
  } catch {
    return undefined;
  }
}

/** A URL that is a secret as a whole: whoever knows it may send. */
function isSendingUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

/** https://key@host/project, where Sentry itself is at the root of its host or below it. */
function isDsn(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username !== '' && /\/\d+$/.test(url.pathname);
}

const apiKey = z.string().transform((text, context) => {
  const key = parseApiKey(text);
  if (key) return key;
  context.addIssue('expected id:sha256-hex');
  return z.NEVER;
});

/** The old one and the new one, while a caller changes over. */
const MAX_KEYS_PER_ID = 2;
const apiKeys = z.array(apiKey).refine(
  (keys) => {
    const counts = Map.groupBy(keys, ({ id }) => id);
    return [...counts.values()].every(({ length }) => length <= MAX_KEYS_PER_ID);
  },
  { error: `expected at most ${MAX_KEYS_PER_ID} keys of one id` },
);

const passwordHash = z.string().transform((text, context) => {
  const hash = parsePasswordHash(text);
  if (hash) return hash;
  context.addIssue('expected what `npm run password` prints');
  return z.NEVER;
});

const emails = list.pipe(z.array(z.email('expected e-mail addresses').toLowerCase()));

/** Names of ranges that Fastify knows. */
const PROXY_RANGES = ['loopback', 'linklocal', 'uniquelocal'];

function isProxyRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const maxBits = isIP(address) === 4 ? 32 : 128;
  const hasBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= maxBits);
  return PROXY_RANGES.includes(text) || (isIP(address) !== 0 && hasBits && rest.length === 0);
}

const signingSecret = z.string().regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/, 'expected whsec_ and base64');

const signingSecrets = z
  .string()
  .transform((text) => text.split(/\s+/).filter((part) => part !== ''))
  .pipe(z.array(signingSecret).min(1));

/** Waits before each try of a callback: about three days in all. */
const DEFAULT_CALLBACK_SCHEDULE = '0,5000,300000,1800000,7200000,18000000,36000000,50400000,72000000,86400000';

/**
 * Every variable that any process reads, with its default. `.env.example` lists the same ones; a test holds them equal.
 * Each app picks the ones that it needs with `loadEnvironment`.
 */
export const ENVIRONMENT = {
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  HOST: z.string().min(1).default('127.0.0.1'),
  PUBLIC_URL: httpUrl.optional(),
  DATA_DIR: z.string().min(1).default('./data'),
  WORK_DIR: z.string().min(1).default(tmpdir()),
  REDIS_URL: z
    .string()
    .regex(/^(rediss?:\/\/|unix:)/, 'expected redis://, rediss:// or unix:')
    .refine(hasReadablePassword, 'expected a URL whose password is percent-encoded')
    .optional(),
  STORAGE_DRIVER: z.enum(['local', 'spaces']).optional(),
  DO_SPACES_KEY: z.string().min(1).optional(),
  DO_SPACES_SECRET: z.string().min(1).optional(),
  SPACES_ENDPOINT: httpUrl.default('https://sfo3.digitaloceanspaces.com'),
  SPACES_REGION: z.string().min(1).default('us-east-1'),
  SPACES_FORCE_PATH_STYLE: flag(false),
  /** With `{bucket}` and `{key}` in it, or the key is put behind it. */
  SPACES_PUBLIC_BASE_URL: httpUrl.optional(),
  /** Of each process. Spaces takes 150 writes a second for one bucket, 240 requests in all. */
  SPACES_REQUESTS_PER_SEC: count(50),
  ALLOWED_BUCKETS: list.optional(),
  /** Whether what was accepted is also kept in the store. */
  JOB_JOURNAL: z.enum(['on', 'off']).default('on'),
  JOURNAL_BUCKET: z.string().min(1).optional(),
  API_KEYS: list.pipe(apiKeys).default([]),
  MP4_SERVICE_TOKEN: z.string().min(1).optional(),
  ADMIN_PASSWORD_HASH: passwordHash.optional(),
  VIEWER_PASSWORD_HASH: passwordHash.optional(),
  OIDC_ISSUER: httpUrl.optional(),
  OIDC_CLIENT_ID: z.string().min(1).optional(),
  OIDC_CLIENT_SECRET: z.string().min(1).optional(),
  ADMIN_EMAILS: emails.default([]),
  VIEWER_EMAILS: emails.default([]),
  /** What it says about where a request came from is believed. */
  TRUST_PROXY: list
    .pipe(
      z.array(z.string().refine(isProxyRange, 'expected addresses, CIDR ranges or loopback, linklocal, uniquelocal')),
    )
    .default([]),
  CALLBACK_SIGNING_SECRET: signingSecrets.optional(),
  CALLBACK_AUTH_TOKEN: z.string().min(1).optional(),
  /** Whose tapes' callbacks have the body of `oven-complete` unless the request says otherwise. */
  OVEN_COMPLETE_KEYS: list.default([]),
  /** In the body of those callbacks, as their receiver wants it. */
  OVEN_CALLBACK_SECRET: z.string().min(1).optional(),
  ALLOW_PRIVATE_NETWORK: flag(false),
  ALLOWED_URL_PORTS: list
    .transform((parts) => parts.map(Number))
    .pipe(z.array(z.number().int().min(1).max(65535)).min(1))
    .prefault('443,8443'),
  WORKER_CONCURRENCY: count(1),
  /** Whether the API starts a worker of its own where no other is alive. */
  CONVERT_INLINE: flag(false),
  CONVERT_INLINE_AFTER_MS: ms(60_000),
  JOB_ATTEMPTS: count(3),
  JOB_BACKOFF_MS: ms(5_000),
  JOB_TIMEOUT_MS: ms(2 * 3_600_000),
  JOB_STUCK_AFTER_MS: ms(3_600_000),
  JOB_LOCK_MS: z.coerce.number().int().min(1_000).default(60_000),
  JOB_STALL_CHECK_MS: z.coerce.number().int().min(500).default(30_000),
  CALLBACK_SCHEDULE_MS: list
    .transform((parts) => parts.map(Number))
    .pipe(z.array(z.number().int().min(0)).min(1))
    .prefault(DEFAULT_CALLBACK_SCHEDULE),
  CALLBACK_TIMEOUT_MS: ms(15_000),
  SHUTDOWN_GRACE_MS: ms(100_000),
  HLS_LADDER: z.enum(LADDER_NAMES).default('mobile'),
  /** Longer than JOB_TIMEOUT_MS: younger segments may belong to a run that is publishing. */
  SUPERSEDED_KEEP_MS: ms(24 * 3_600_000),
  /** Of jobs that have ended, whose callers were told. */
  KEEP_JOBS_DAYS: count(90),
  /** Without it, results stay for ever. */
  DELETE_RESULTS_AFTER_DAYS: z.coerce.number().int().min(1).optional(),
  FFMPEG_PATH: z.string().min(1).default('ffmpeg'),
  FFPROBE_PATH: z.string().min(1).default('ffprobe'),
  FFMPEG_THREADS: z.coerce.number().int().min(1).max(64).default(2),
  ENCODE_MEMORY_BYTES: z.coerce.number().int().min(1).optional(),
  MAX_SOURCE_BYTES: count(8 * 1024 ** 3),
  MAX_ARCHIVE_ENTRIES: count(20_000),
  MAX_ARCHIVE_BYTES: count(4 * 1024 ** 3),
  MAX_FRAME_PIXELS: count(33_177_600),
  MAX_DURATION_SEC: count(14_400),
  RATE_LIMIT_MAX: count(100),
  RATE_LIMIT_WINDOW_MS: ms(15 * 60_000),
  AUTH_FAILURES_MAX: count(20),
  AUTH_FAILURES_WINDOW_MS: ms(15 * 60_000),
  METRICS_TOKEN: z.string().min(1).optional(),
  /** Slack's and Discord's get what they show; any other an AlertNotice. */
  ALERT_WEBHOOK_URL: z.string().refine(isSendingUrl, 'expected an http or https URL without user name').optional(),
  ALERT_EMAIL_TO: emails.default([]),
  ALERT_EMAIL_FROM: z.email('expected an e-mail address').optional(),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/[^/]/, 'expected smtp:// or smtps://')
    .refine(hasReadablePassword, 'expected a URL whose password is percent-encoded')
    .optional(),
  SENTRY_DSN: z.string().refine(isDsn, 'expected https://key@host/project').optional(),
  ALERT_INTERVAL_MS: z.coerce.number().int().min(100).default(30_000),
  /** Which of several installations this is, for people. Sentry takes no others. */
  ENVIRONMENT_NAME: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'expected up to 64 letters, digits, dots, hyphens and underscores')
    .default(''),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Unset: stdout only. */
  LOG_DIR: z.string().min(1).optional(),
  /** Of the tapedeck command, when it asks a service as any caller does. */
  TAPEDECK_URL: httpUrl.default('http://localhost:3000'),
  TAPEDECK_TOKEN: z.string().min(1).optional(),
  /** Of a worker with its FFmpegs. */
  MEMORY_WARN_BYTES: z.coerce.number().int().min(1).optional(),
  MEMORY_LIMIT_BYTES: z.coerce.number().int().min(1).optional(),
} as const;

export type VariableName = keyof typeof ENVIRONMENT;
export type Environment<Name extends VariableName = VariableName> = {
  readonly [N in Name]: z.output<(typeof ENVIRONMENT)[N]>;
};

/** A start-up error: every variable that is wrong, what was expected and what came. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** EX_CONFIG of sysexits: a supervisor need not try again. */
export const CONFIG_EXIT_CODE = 78;

const SECRET_NAMES: readonly VariableName[] = [
  'API_KEYS',
  'MP4_SERVICE_TOKEN',
  'METRICS_TOKEN',
  'ADMIN_PASSWORD_HASH',
  'VIEWER_PASSWORD_HASH',
  'OIDC_CLIENT_SECRET',
  'CALLBACK_SIGNING_SECRET',
  'CALLBACK_AUTH_TOKEN',
  'OVEN_CALLBACK_SECRET',
  'TAPEDECK_TOKEN',
  'REDIS_URL',
  'DO_SPACES_KEY',
  'DO_SPACES_SECRET',
  'ALERT_WEBHOOK_URL',
  'SMTP_URL',
  'SENTRY_DSN',
];
/** Of other URLs only the password is. */
const SECRET_URLS: readonly VariableName[] = ['ALERT_WEBHOOK_URL', 'SENTRY_DSN'];

/** What must be seen by nobody, as the environment has it: each secret, and its parts where it has several. */
export function listSecrets(env: Readonly<Record<string, string | undefined>>): string[] {
  const values = SECRET_NAMES.flatMap((name) => [env[name] ?? '', ...(env[name] ?? '').split(/[\s,]+/)]);
  const urls = SECRET_URLS.flatMap((name) => listUrlParts(env[name] ?? ''));
  return [...values.flatMap(listParts), ...urls].filter((part) => part !== '');
}

/** Shorter parts of a path are words that have nothing to do with it. */
const MIN_PATH_CHARS = 16;

/** The URL as it is written, as a log has it that cuts queries and user names off, and what of it proves who sends. */
function listUrlParts(text: string): string[] {
  const url = URL.parse(text);
  if (!url) return [text];
  const { origin, pathname, search, username } = url;
  const ofPath = [pathname, ...pathname.split('/')].filter((part) => part.length >= MIN_PATH_CHARS);
  return [text, url.href, pathname === '/' ? '' : origin + pathname, ...ofPath, search.slice(1), username];
}

function listParts(value: string): string[] {
  if (!value.includes('://')) return [value, value.replace(/^whsec_/, '')];
  // Of a URL only the password is secret.
  return [URL.parse(value)?.password ?? '', readPassword(value) ?? ''];
}

/**
 * Reads `names` out of `env`. Pure: the same input gives the same frozen output. An empty string counts as not set.
 * @throws ConfigError naming every variable that does not fit; the value of a secret is never printed.
 */
export function loadEnvironment<const Name extends VariableName>(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly Name[],
): Environment<Name> {
  const problems: string[] = [];
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const name of new Set(names)) {
    const given = env[name] === '' ? undefined : env[name];
    const result = ENVIRONMENT[name].safeParse(given);
    if (result.success) values[name] = result.data;
    else problems.push(`${name}: ${describeProblem(result.error)}, got ${describeValue(name, given)}`);
  }
  if (problems.length > 0) throw new ConfigError(`The environment is not right.\n  ${problems.join('\n  ')}`);
  return Object.freeze(values as Environment<Name>);
}

function describeProblem(error: z.ZodError): string {
  return error.issues
    .map(({ message, path: [index] }) => {
      const expected = message.replace(/^Invalid input: /, '').replace(/, received.*$/, '');
      return typeof index === 'number' ? `entry ${index + 1}: ${expected}` : expected;
    })
    .join('; ');
}

function describeValue(name: VariableName, value: string | undefined): string {
  if (value === undefined) return 'nothing';
  return SECRET_NAMES.includes(name)
    ? `a secret of ${value.length} characters`
    : JSON.stringify(stripUrlQueries(value));
}
