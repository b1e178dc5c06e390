import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export type LogLine = Record<string, unknown>;

/** @returns every line of a log in LOG_DIR, of compressed files too. @throws SyntaxError when one is no JSON */
export async function readLog(dir: string, log: string): Promise<LogLine[]> {
  const names = (await readdir(dir)).filter((name) => name.startsWith(`${log}.`)).toSorted();
  const texts = await Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(dir, name));
      return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    }),
  );
  return texts.flatMap(parseLines);
}

export function parseLines(text: string): LogLine[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as LogLine);
}
