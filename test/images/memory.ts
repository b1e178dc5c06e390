import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectContainer, type App } from './containers.ts';

/** The directory of a container's memory cgroup, of version 1 or 2, as this machine sees it. */
async function findMemoryCgroup(app: App): Promise<string> {
  const pid = await inspectContainer(app, '{{.State.Pid}}');
  const lines = await readFile(`/proc/${pid}/cgroup`, 'utf8');
  const legacyPath = /^\d+:memory:(.+)$/m.exec(lines)?.[1];
  if (legacyPath) return join('/sys/fs/cgroup/memory', legacyPath);
  return join('/sys/fs/cgroup', /^0::(.+)$/m.exec(lines)?.[1] ?? '');
}

export interface MemoryPeaks {
  /** Of the processes, sampled: what the kernel cannot take back. */
  residentBytes: number;
  /** The kernel's own high-water mark, which counts the page cache too. */
  totalBytes: number;
  /** Processes that the kernel ended for want of memory. */
  killed: number;
}

const SAMPLE_INTERVAL_MS = 100;

/** Watches a container's memory while `body` runs. */
export async function measureMemory<T>(app: App, body: () => Promise<T>): Promise<{ value: T; peaks: MemoryPeaks }> {
  const dir = await findMemoryCgroup(app);
  let residentBytes = 0;
  const sample = async (): Promise<void> => {
    residentBytes = Math.max(residentBytes, await readResidentBytes(dir));
  };
  const timer = setInterval(() => void sample().catch(() => undefined), SAMPLE_INTERVAL_MS);
  try {
    const value = await body();
    return { value, peaks: { residentBytes, totalBytes: await readPeakBytes(dir), killed: await countKilled(dir) } };
  } finally {
    clearInterval(timer);
  }
}

async function readResidentBytes(dir: string): Promise<number> {
  const stat = await readFile(join(dir, 'memory.stat'), 'utf8');
  return Number(/^(?:total_rss|anon) (\d+)$/m.exec(stat)?.[1] ?? 0);
}

async function readPeakBytes(dir: string): Promise<number> {
  const legacy = readFile(join(dir, 'memory.max_usage_in_bytes'), 'utf8');
  return Number(await legacy.catch(() => readFile(join(dir, 'memory.peak'), 'utf8')));
}

async function countKilled(dir: string): Promise<number> {
  const legacy = readFile(join(dir, 'memory.oom_control'), 'utf8');
  const events = await legacy.catch(() => readFile(join(dir, 'memory.events'), 'utf8'));
  return Number(/^oom_kill (\d+)$/m.exec(events)![1]);
}
