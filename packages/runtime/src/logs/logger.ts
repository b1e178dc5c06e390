import { pino, type DestinationStream, type Logger, type LoggerOptions as PinoOptions } from 'pino';
import { listSecrets } from '../environment.ts';
import { createLogFiles } from './log-files.ts';
import { createLogSplitter } from './log-splitter.ts';
import { createRedactor, stripUrlQueries, type Hidden } from '../redact.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** The process's role: `api`, `worker`. */
  name: string;
  level: string;
  /** For a person at a terminal; JSON lines otherwise. */
  pretty?: boolean;
  hidden?: Hidden;
  /** Where lines are kept in files, too; undefined: nowhere. */
  files?: { dir: string | undefined; ownLog: 'api' | 'worker' };
}

const SECRET_FIELDS = ['authorization', 'token', 'secret', 'password', 'cookie'];
const REDACTED_PATHS = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** What this process knows and no log shall: its secrets by value, and where on this machine it lies and keeps things. */
export function hideFromLogs(
  env: Readonly<Record<string, string | undefined>>,
  dirs: Readonly<Record<string, string>>,
): Hidden {
  const named = Object.entries(dirs).map(([variable, dir]): [string, string] => [dir, `$${variable}`]);
  return { secrets: listSecrets(env), dirs: { ...Object.fromEntries(named), [process.cwd()]: '.' } };
}

const NOTHING_HIDDEN: Hidden = { secrets: [], dirs: {} };

/**
 * JSON on stdout. Tokens are censored by field name, URLs lose their query: a signed URL is a secret. And the finished
 * line loses what is hidden, by value. Files get the same lines.
 *
 * A child logger with `log` (see LogName) writes to that log's file, and has the name in its lines.
 * @throws ConfigError naming LOG_DIR when it cannot be written
 */
export function createLogger({ name, level, pretty = false, hidden = NOTHING_HIDDEN, files }: LoggerOptions): Logger {
  const options: PinoOptions = {
    name,
    level,
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    formatters: { log: (fields) => stripAll(fields) },
    serializers: { err: serializeError },
    hooks: { streamWrite: createRedactor(hidden) },
  };
  const terminal = pretty ? createPrettyStream() : pino.destination();
  const terminalLogger = pino(options, terminal);
  if (files?.dir === undefined) return terminalLogger;
  const { dir, ownLog } = files;
  const onFailure = (error: Error): void =>
    terminalLogger.error({ err: error }, 'LOG_DIR: a log cannot be written, its lines are here alone');
  const logFiles = createLogFiles({ dir, onFailure }, [ownLog, 'error']);
  return pino(options, createLogSplitter(terminal, logFiles, ownLog));
}

function createPrettyStream(): DestinationStream {
  return pino.transport({ target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'HH:MM:ss' } });
}

/** Plain objects and lists, all the way down; errors have a serializer of their own. */
function stripAll(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, stripValue(value)]));
}

function stripValue(value: unknown): unknown {
  if (typeof value === 'string') return stripUrlQueries(value);
  if (Array.isArray(value)) return value.map(stripValue);
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? stripAll(value) : value;
}

const MAX_CAUSES = 5;

/** An error and its causes, with stacks for us and without queries in messages. */
function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message: stripUrlQueries(message),
    stack: stack && stripUrlQueries(stack),
    ...('code' in error && { code: error.code }),
    ...('details' in error && { details: stripValue(error.details) }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: serializeError(cause, depth + 1) }),
  };
}
