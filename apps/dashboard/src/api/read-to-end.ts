import { buildPost, readLines, request, UnreachableError } from './client.ts';

/** Longer than anything takes between two lines. */
const SILENCE_MS = 10 * 60_000;

/**
 * `POST`, and what is told of the work line by line, until a line says that it is over. A `stop` ends the work, too: the
 * API does nothing more for whom it cannot tell.
 * @throws ProblemError, UnreachableError; whatever `stop` was given for a reason
 */
export async function readToEnd<T extends object>(
  path: string,
  body: unknown,
  stop: AbortSignal,
  onLine: (line: T) => void,
): Promise<void> {
  const silence = new AbortController();
  const giveUp = (): void => silence.abort(new UnreachableError('The API has said nothing for ten minutes.'));
  let timer = setTimeout(giveUp, SILENCE_MS);
  const hear = (line: T): void => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, SILENCE_MS);
    onLine(line);
  };
  try {
    const signal = AbortSignal.any([stop, silence.signal]);
    await readUntilOver(await request(path, { ...buildPost(body), signal }), hear);
  } catch (error) {
    stop.throwIfAborted();
    silence.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** @throws UnreachableError when it ends before a line has said so */
export async function readUntilOver<T extends object>(answer: Response, onLine: (line: T) => void): Promise<void> {
  const brokeOff = 'The answer broke off. What was told until then was done.';
  try {
    for await (const line of readLines<T>(answer)) {
      onLine(line);
      if ('isOver' in line && line.isOver === true) return;
    }
  } catch (cause) {
    throw new UnreachableError(brokeOff, { cause });
  }
  throw new UnreachableError(brokeOff);
}
