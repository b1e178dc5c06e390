import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

const PAGE_BYTES = 4096;
const TICKS_PER_SEC = 100;

/** User and system time of a process, its threads, and all of its children that have ended and been waited for. */
export async function readCpuSec(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name may hold anything, even parentheses; what follows the last one is numbers, from the third field on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SEC;
}

export interface MemoryWatch {
  /** The most that the process and everything below it had resident at once. Pages that they share count for each. */
  stop(): number;
}

const EVERY_MS = 50;

export function watchMemory(pid: number): MemoryWatch {
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, sumResidentBytes(pid));
  }, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return peakBytes;
    },
  };
}

function sumResidentBytes(pid: number): number {
  const [, residentPages = 0] = readNumbers(`/proc/${pid}/statm`);
  const children = readNumbers(`/proc/${pid}/task/${pid}/children`);
  return children.reduce((sum, child) => sum + sumResidentBytes(child), residentPages * PAGE_BYTES);
}

/** A process that has ended meanwhile has no numbers. */
function readNumbers(path: string): number[] {
  try {
    return (readFileSync(path, 'utf8').match(/\d+/g) ?? []).map(Number);
  } catch {
    return [];
  }
}
