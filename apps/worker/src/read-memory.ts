import { readdir, readFile } from 'node:fs/promises';

/** Resident memory in bytes. Pages that processes share count for each of them. */
export interface Memory {
  nodeBytes: number;
  /** Of all that this process has started, and what that has started: FFmpeg and what is around it. */
  ffmpegBytes: number;
}

/** Where there is no /proc, that of Node alone is known, and `ffmpegBytes` is 0. */
export async function readMemory(): Promise<Memory> {
  const nodeBytes = process.memoryUsage.rss();
  const processes = await listProcesses();
  const descendants = findDescendants(processes, process.pid);
  return { nodeBytes, ffmpegBytes: descendants.reduce((sum, { residentBytes }) => sum + residentBytes, 0) };
}

interface ProcessInfo {
  pid: number;
  parentPid: number;
  residentBytes: number;
}

/** Not by /proc/PID/task/TID/children: kernels may be built without it. */
async function listProcesses(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const processes = await Promise.all(pids.map(readProcess));
  return processes.filter((info) => info !== undefined);
}

/** undefined when it has ended meanwhile. */
async function readProcess(pid: number): Promise<ProcessInfo | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const parentPid = /^PPid:\s+(\d+)$/m.exec(status)?.[1];
  if (parentPid === undefined) return undefined;
  // One that has ended and was not asked for yet has no memory, and no line about it.
  const residentKib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  return { pid, parentPid: Number(parentPid), residentBytes: residentKib * 1024 };
}

function findDescendants(processes: readonly ProcessInfo[], ancestorPid: number): ProcessInfo[] {
  const children = Map.groupBy(processes, ({ parentPid }) => parentPid);
  const found: ProcessInfo[] = [...(children.get(ancestorPid) ?? [])];
  for (const { pid } of found) found.push(...(children.get(pid) ?? []));
  return found;
}
