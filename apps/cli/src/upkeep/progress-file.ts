import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const progressSchema = z.object({
  /** What was asked for: another question begins anew. */
  question: z.string(),
  cursor: z.object({ fromMs: z.number(), seen: z.array(z.string()) }),
  /** How many had failed by then. */
  failed: z.int().min(0),
});
export type Progress = z.output<typeof progressSchema>;

/** How far a command has come, in a small file that is gone when it has come to its end. */
export interface ProgressFile {
  /** @returns undefined when there is none that belongs to this question */
  load(): Promise<Progress | undefined>;
  save(progress: Omit<Progress, 'question'>): Promise<void>;
  remove(): Promise<void>;
}

export function createProgressFile(path: string, question: string): ProgressFile {
  return {
    async load() {
      const text = await readFile(path, 'utf8').catch(() => '');
      const parsed = progressSchema.safeParse(parseJson(text));
      return parsed.success && parsed.data.question === question ? parsed.data : undefined;
    },
    async save(progress) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.part`, JSON.stringify({ question, ...progress }));
      await rename(`${path}.part`, path);
    },
    remove: () => rm(path, { force: true }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
