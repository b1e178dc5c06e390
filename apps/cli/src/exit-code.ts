import { TapedeckError, type ClientErrorCode } from '@tapedeck/client';
import { asJobError, type ErrorCode } from '@tapedeck/contracts';
import { ConfigError } from '@tapedeck/runtime';
import { CommanderError } from 'commander';
import { Interruption } from './interruption.ts';

/** What a shell or a supervisor learns of how a command ended; docs/cli.md says the same. */
export const EXIT_CODES = {
  done: 0,
  /** What was asked for was understood, and did not succeed: a job failed, a check found something. */
  failed: 1,
  /** A command, an option or an argument is wrong. */
  usage: 2,
  /** The tape or the video is at fault, by one of the codes that the API has for it. */
  input: 3,
  /** Something that is needed is not there: FFmpeg, disk space, Redis, the service, a right. */
  unavailable: 4,
  /** EX_CONFIG of sysexits, as of the services: a variable of the environment is wrong. */
  config: 78,
} as const;

export const EXIT_HELP = `
Exit codes:
  0    done
  1    what was asked for did not succeed: a job failed or was canceled, a check found something
  2    a command, an option or an argument is wrong
  3    the tape or the video is at fault; the code is the API's (docs/errors.md)
  4    something that is needed is not there: FFmpeg, disk space, Redis, the service, a right
  78   a variable of the environment is wrong
  130  Ctrl-C; 143 SIGTERM, 129 SIGHUP, 141 nobody reads the output any more
`;

/** An option or an argument that fits its own description and still makes no sense: names it, what was expected and what came. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something outside of us that is needed and is not there, in one sentence. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** Why a command ended before its end. */
export interface Failure {
  exitCode: number;
  /** For a person. Empty where it was said already. */
  message: string;
  /** Of the table of errors, where it is one of those. */
  code?: string;
}

/** Anything thrown by a command. What nobody thought of keeps its stack: it is a bug, and somebody has to find it. */
export function judgeError(error: unknown): Failure {
  if (error instanceof CommanderError) return judgeCommander(error);
  if (error instanceof Interruption) return { exitCode: error.exitCode, message: error.message };
  if (error instanceof UsageError) return { exitCode: EXIT_CODES.usage, message: error.message };
  if (error instanceof UnavailableError) return { exitCode: EXIT_CODES.unavailable, message: error.message };
  if (error instanceof TapedeckError) return judgeAnswer(error);
  if (error instanceof ConfigError) return { exitCode: EXIT_CODES.config, message: error.message };
  const known = asJobError(error);
  if (known.code === 'WORKER_DISK_FULL') return { ...FULL, code: known.code };
  if (known === error) return { exitCode: exitCodeOf(known.code), message: known.message, code: known.code };
  if (isSystemError(error)) return { exitCode: EXIT_CODES.unavailable, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT_CODES.failed, message };
}

/** By whose fault it was, which is what the codes' first words say. @param code of the table of errors, or the client's */
export function exitCodeOf(code: string): number {
  const [whose = ''] = code.split('_');
  if (['SOURCE', 'ARCHIVE', 'MEDIA'].includes(whose)) return EXIT_CODES.input;
  if (['STORAGE', 'UPLOAD', 'QUEUE'].includes(whose) || UNAVAILABLE.has(code)) return EXIT_CODES.unavailable;
  return WRONG_ARGUMENTS.has(code) ? EXIT_CODES.usage : EXIT_CODES.failed;
}

const UNAVAILABLE: ReadonlySet<string> = new Set<ErrorCode | ClientErrorCode>([
  ...(['UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED', 'REQUEST_TIMEOUT', 'INTERNAL_ERROR', 'WORKER_DISK_FULL'] as const),
  ...(['UNREACHABLE', 'TIMEOUT', 'UNEXPECTED_ANSWER'] as const),
]);
const WRONG_ARGUMENTS: ReadonlySet<string> = new Set<ErrorCode | ClientErrorCode>([
  ...(['REQUEST_INVALID', 'BUCKET_NOT_ALLOWED', 'CALLBACK_URL_REFUSED'] as const),
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
function judgeCommander({ exitCode }: CommanderError): Failure {
  return { exitCode: exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.usage, message: '' };
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
