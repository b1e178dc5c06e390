/** What a shell reports of a program that a signal has ended: 128 and its number. */
export const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const SIGPIPE_EXIT_CODE = 141;
/** Whatever does not hear of it is ended after this. */
const FAREWELL_MS = 10_000;

/** Somebody stopped the command: no failure of what it does. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly exitCode: number;

  /** @param message empty where nobody is there to read it */
  constructor(exitCode: number, message = 'interrupted') {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * For a command that has something to put away first: aborted, with an Interruption as its reason, by Ctrl-C, SIGTERM,
 * SIGHUP, and when nobody reads stdout or stderr any more (`| head`). A second one changes nothing; after ten seconds the
 * process ends regardless. Commands without one are ended by the signal itself.
 */
export function createInterruption(): AbortSignal {
  const stop = new AbortController();
  const end = (reason: Interruption): void => {
    if (stop.signal.aborted) return;
    // At the very end: neither a command that hears of it when it has done all that it had to, nor what that says of
    // itself then, makes it unheard.
    process.once('exit', () => {
      process.exitCode = reason.exitCode;
    });
    stop.abort(reason);
    setTimeout(() => process.exit(reason.exitCode), FAREWELL_MS).unref();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => end(new Interruption(SIGNAL_EXIT_CODES[name])));
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.off('error', endOnBrokenPipe);
    stream.on('error', (error: Error) => {
      assertBrokenPipe(error);
      end(new Interruption(SIGPIPE_EXIT_CODE, ''));
    });
  }
  return stop.signal;
}

/** The listener of stdout's and stderr's errors for every command that has no interruption. */
export function endOnBrokenPipe(error: Error): void {
  assertBrokenPipe(error);
  process.exit(SIGPIPE_EXIT_CODE);
}

/** @throws whatever else it is */
function assertBrokenPipe(error: Error): void {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
}
