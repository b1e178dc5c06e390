import type { Logger } from '@tapedeck/runtime';
import type { Memory } from './read-memory.ts';

export interface MemoryWatchOptions {
  read: () => Promise<Memory>;
  warnBytes: number;
  /** undefined: none. */
  limitBytes: number | undefined;
  /** A process that has just started would not be smaller after another start. */
  hasWorked: () => boolean;
  /** Called once. */
  onLimit: () => void;
  logger: Logger;
  logIntervalMs?: number;
}

export interface MemoryWatch {
  /** What this worker has in memory now; logs it when that is due, and says when it is too much. */
  sample(): Promise<Memory>;
  /** The last sample; the first, where there was none yet. */
  latest(): Promise<Memory>;
}

const LOG_INTERVAL_MS = 300_000;

/** The limits hold for Node and its FFmpegs together: that is what a container, or a machine, has to have. */
export function createMemoryWatch(options: MemoryWatchOptions): MemoryWatch {
  const { read, warnBytes, limitBytes = Infinity, hasWorked, onLimit, logger } = options;
  const { logIntervalMs = LOG_INTERVAL_MS } = options;
  let loggedAt = -Infinity;
  let wasHigh = false;
  let limitReached = false;
  let last: Memory | undefined;
  const log = (memory: Memory, isHigh: boolean): void => {
    const isDue = performance.now() - loggedAt >= logIntervalMs;
    if (!isDue && (wasHigh || !isHigh)) return;
    loggedAt = performance.now();
    wasHigh = isHigh;
    if (isHigh) logger.warn({ ...memory, warnBytes }, 'memory above MEMORY_WARN_BYTES');
    else logger.info(memory, 'memory');
  };
  const sample = async (): Promise<Memory> => {
    const memory = await read();
    last = memory;
    const totalBytes = memory.nodeBytes + memory.ffmpegBytes;
    log(memory, totalBytes > warnBytes);
    if (totalBytes > limitBytes && hasWorked() && !limitReached) {
      limitReached = true;
      logger.warn({ ...memory, limitBytes }, 'memory above MEMORY_LIMIT_BYTES: this worker takes no other job');
      onLimit();
    }
    return memory;
  };
  return { sample, latest: async () => last ?? sample() };
}
