import { TapedeckError, type ClientErrorCode } from '@tapedeck/client';
import { asJobError, type ErrorCode } from '@tapedeck/contracts';
import { ConfigError } from '@tapedeck/runtime';
import { CommanderError } from 'commander';
import { Interruption, SIGNAL_EXIT_CODES } from './interruption.ts';

/** What a shell or a supervisor learns of how a command ended. 78 is EX_CONFIG of sysexits, as of the services. */
export const EXIT_CODES = { done: 0, failed: 1, usage: 2, input: 3, unavailable: 4, config: 78 } as const;

/** What each says. docs/cli.md begins with the same words, and goes on where there is more to say. */
export const EXIT_MEANINGS = {
  [EXIT_CODES.done]: 'done',
  [EXIT_CODES.failed]: 'what was asked for did not succeed: a job failed or was canceled, a check found something',
  [EXIT_CODES.usage]: 'a command, an option or an argument is wrong',
  [EXIT_CODES.input]: "the tape or the video is at fault; the code is one of the API's",
  [EXIT_CODES.unavailable]: 'something that is needed is not there: FFmpeg, disk space, Redis, the service, a right',
  [EXIT_CODES.config]: 'a variable of the environment is wrong',
  [SIGNAL_EXIT_CODES.SIGINT]: 'Ctrl-C; 143 SIGTERM, 129 SIGHUP, 141 nobody reads the output any more',
} as const;

export const EXIT_HELP = [
  '\nExit codes:',
  ...Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`),
  '',
].join('\n');

/** An option or an argument that fits its own description and still makes no sense: names it, what was expected and what came. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something outside of us that is needed and is not there, in one sentence. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly code: string | undefined;

  /** @param options.code the API's or the client's, where one of them has said so */
  constructor(message: string, { code, ...options }: ErrorOptions & { code?: string } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Why a command ended before its end. */
export interface Failure {
  exitCode: number;
  /** For a person. Empty where there is nothing to say, or nobody to say it to. */
  message: string;
  /** Was it printed by commander already? */
  isSaid?: boolean;
  /** Of the table of errors, where it is one of those. */
  code?: string | undefined;
}

/** Anything thrown by a command. What nobody thought of keeps its stack: it is a bug, and somebody has to find it. */
export function judgeError(error: unknown): Failure {
  if (error instanceof CommanderError) return judgeCommander(error);
  if (error instanceof Interruption) return { exitCode: error.exitCode, message: error.message };
  // What a stream throws that was aborted.
  if (error instanceof Error && error.cause instanceof Interruption) return judgeError(error.cause);
  if (error instanceof UsageError) return { exitCode: EXIT_CODES.usage, message: error.message };
  if (error instanceof UnavailableError) {
    return { exitCode: EXIT_CODES.unavailable, message: error.message, code: error.code };
  }
  if (error instanceof TapedeckError) return judgeAnswer(error);
  if (error instanceof ConfigError) return { exitCode: EXIT_CODES.config, message: error.message };
  const known = asJobError(error);
  if (known.code === 'WORKER_DISK_FULL') return { ...FULL, code: known.code };
  if (known === error) return { exitCode: exitCodeOf(known.code), message: known.message, code: known.code };
  if (isSystemError(error)) return { exitCode: EXIT_CODES.unavailable, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT_CODES.failed, message };
}

/**
 * By whose fault it was, which is what the codes' first words say, except where the request was refused for what it
 * names: then it is the caller's, whatever that is the name of. @param code of the table of errors, or the client's
 */
export function exitCodeOf(code: string): number {
  if (WRONG_ARGUMENTS.has(code)) return EXIT_CODES.usage;
  const [whose = ''] = code.split('_');
  if (['SOURCE', 'ARCHIVE', 'MEDIA'].includes(whose)) return EXIT_CODES.input;
  if (['STORAGE', 'UPLOAD', 'QUEUE'].includes(whose) || UNAVAILABLE.has(code)) return EXIT_CODES.unavailable;
  return EXIT_CODES.failed;
}

const UNAVAILABLE: ReadonlySet<string> = new Set<ErrorCode | ClientErrorCode>([
  ...(['UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED', 'REQUEST_TIMEOUT', 'INTERNAL_ERROR', 'WORKER_DISK_FULL'] as const),
  ...(['UNREACHABLE', 'TIMEOUT', 'UNEXPECTED_ANSWER'] as const),
]);
const WRONG_ARGUMENTS: ReadonlySet<string> = new Set<ErrorCode | ClientErrorCode>([
  ...(['REQUEST_INVALID', 'BUCKET_NOT_ALLOWED', 'STORAGE_KEY_REFUSED'] as const),
  ...(['SOURCE_URL_REFUSED', 'CALLBACK_URL_REFUSED', 'UPLOAD_URL_REFUSED'] as const),
  ...(['ARGUMENT_INVALID', 'CALLBACK_SECRET_INVALID'] as const),
]);

/** What the service answered, or that it did not. A fault of its own, of whatever newer code, is none of the caller's. */
function judgeAnswer({ code, status, message }: TapedeckError): Failure {
  const exitCode = exitCodeOf(code);
  const isAway = exitCode === EXIT_CODES.failed && status !== undefined && status >= 500;
  return {
    exitCode: isAway ? EXIT_CODES.unavailable : exitCode,
    message: code === 'UNAUTHORIZED' ? `${message} (TAPEDECK_TOKEN, or --token-file)` : message,
    code,
  };
}

/** Help and version end by an error, too, and so does whatever commander itself has said already. */
function judgeCommander({ exitCode, message }: CommanderError): Failure {
  if (exitCode === 0) return { exitCode: EXIT_CODES.done, message: '' };
  return { exitCode: EXIT_CODES.usage, message: message.replaceAll(/^error: /gm, ''), isSaid: true };
}

/** The row of the table speaks of a worker, and there may be none. */
const FULL: Failure = {
  exitCode: EXIT_CODES.unavailable,
  message: 'The disk is full: make room where the result goes, or in WORK_DIR.',
};

/** ENOENT and the like; Node's own ERR_… are bugs of ours. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^E(?!RR_)[A-Z0-9]+$/.test(String(error.code));
}
