import { buildPost, request, UnreachableError } from './client.ts';

/** The API says something four times a second. */
const SILENCE_MS = 60_000;

export interface ReadToEndOptions<T> {
  /** Ends the work, too: the API does nothing more for whom it cannot tell. */
  stop: AbortSignal;
  onLine: (line: T) => void;
  silenceMs?: number;
}

/**
 * `POST`, and what is told of the work line by line (NDJSON), until a line says that it is over: however long that takes,
 * as long as something is heard.
 * @throws ProblemError, UnreachableError; the reason of `stop`
 */
export async function readToEnd<T extends object>(
  path: string,
  body: unknown,
  { stop, onLine, silenceMs = SILENCE_MS }: ReadToEndOptions<T>,
): Promise<void> {
  const silence = new AbortController();
  const listen = () => setTimeout(() => silence.abort(), silenceMs);
  let timer = listen();
  try {
    const signal = AbortSignal.any([stop, silence.signal]);
    const answer = await request(path, { ...buildPost(body), signal }, null);
    const lines = readLines<T>(answer, () => {
      clearTimeout(timer);
      timer = listen();
    });
    for await (const line of lines) {
      onLine(line);
      if ('isOver' in line && line.isOver === true) return;
    }
  } catch (cause) {
    stop.throwIfAborted();
    if (silence.signal.aborted) throw new UnreachableError('Nothing is heard of it any more.', { cause });
    if (!(cause instanceof TypeError)) throw cause;
    throw brokeOff(cause);
  } finally {
    clearTimeout(timer);
  }
  throw brokeOff();
}

function brokeOff(cause?: unknown): UnreachableError {
  return new UnreachableError('The answer broke off. What was told until then was done.', { cause });
}

/** @param onChunk hears of whatever comes, an empty line as well */
async function* readLines<T>({ body }: Response, onChunk: () => void): AsyncGenerator<T> {
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value = '' } = await reader.read();
      if (done) return;
      onChunk();
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield JSON.parse(line) as T;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
