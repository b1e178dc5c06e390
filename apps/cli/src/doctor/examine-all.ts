import type { CliConfig } from '../config.ts';
import { examineClock } from './clock.ts';
import { examineDisks } from './disk.ts';
import type { Finding } from './finding.ts';
import { examineJournal } from './journal.ts';
import { examineNode } from './node.ts';
import { examineRedis } from './redis.ts';
import { examineStorage } from './storage.ts';
import { examineTools } from './tools.ts';

/** What the doctor looks at, in the order in which it tells of it. */
export const PARTS = ['node', 'ffmpeg', 'redis', 'storage', 'journal', 'clock', 'disk'] as const;
export type Part = (typeof PARTS)[number];

export interface Examination {
  config: CliConfig;
  /** Where programs are looked for. */
  searchPath: string | undefined;
  buckets: readonly string[];
  /** Whether to mend what can be mended. */
  fix: boolean;
}

const EXAMINE: Record<Part, (examination: Examination) => Promise<Finding[]>> = {
  node: () => examineNode(),
  ffmpeg: ({ config, searchPath }) => examineTools(config, searchPath),
  redis: ({ config }) => examineRedis(config.REDIS_URL),
  storage: ({ config, buckets, fix }) => examineStorage(config.storage, buckets, fix),
  journal: ({ config }) => examineJournal(config.storage, config.journal),
  clock: ({ config }) => examineClock(config.storage, config.REDIS_URL),
  disk: ({ config: { workDir, dataDir } }) => examineDisks({ WORK_DIR: workDir, DATA_DIR: dataDir }),
};

/** All at once: most of the time each waits for somebody else. */
export async function examineAll(parts: readonly Part[], examination: Examination): Promise<Finding[]> {
  const wanted = PARTS.filter((part) => parts.length === 0 || parts.includes(part));
  return (await Promise.all(wanted.map((part) => EXAMINE[part](examination)))).flat();
}
