import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { types } from 'hls-parser';
import type { Findings } from './finding.ts';
import { loadOrFind, type LoadFile } from './load-file.ts';
import { countTransportFaults } from './transport-packets.ts';

/** Segments that a decoder reads one behind the other: up to the next discontinuity, or the next header. */
export interface Run {
  segments: readonly types.Segment[];
  /** Index of the first in the playlist. */
  firstIndex: number;
}

export function splitRuns(segments: readonly types.Segment[]): Run[] {
  const runs: { segments: types.Segment[]; firstIndex: number }[] = [];
  for (const [index, segment] of segments.entries()) {
    const before = segments[index - 1];
    const isNew = !before || segment.discontinuity === true || headerOf(segment) !== headerOf(before);
    if (isNew) runs.push({ segments: [], firstIndex: index });
    runs.at(-1)!.segments.push(segment);
  }
  return runs;
}

/** By its types each segment has one. */
function headerOf({ map }: { map?: types.Segment['map'] }): string | undefined {
  return map?.uri;
}

/** Why what is inside a segment cannot be looked at, though a player could. */
export function findObstacle({ key, byterange }: { key?: types.Key; byterange?: unknown }): string | undefined {
  if (key && key.method !== 'NONE') return `encrypted (${key.method})`;
  return byterange ? 'parts of one file (EXT-X-BYTERANGE)' : undefined;
}

export interface JoinedRun {
  fileName: string;
  /** The byte at which each segment ends; as many as the run has segments. */
  ends: number[];
  /** Of each segment, undefined where it could not be had. */
  sizes: (number | undefined)[];
}

export interface Place {
  cwd: string;
  /** Of the playlist. */
  address: string;
  load: LoadFile;
  signal: AbortSignal;
}

/** Writes a run's segments into one file, those that can be had; the others are findings. */
export async function joinRun(run: Run, place: Place, fileName: string, findings: Findings): Promise<JoinedRun> {
  const path = join(place.cwd, fileName);
  await rm(path, { force: true });
  let bytes = 0;
  const header = headerOf(run.segments[0]!);
  if (header !== undefined) bytes += (await append(header, path, place, findings)) ?? 0;
  const joined: JoinedRun = { fileName, ends: [], sizes: [] };
  for (const { uri } of run.segments) {
    const size = await append(uri, path, place, findings, header === undefined);
    bytes += size ?? 0;
    joined.ends.push(bytes);
    joined.sizes.push(size);
  }
  return joined;
}

/** @returns its size, or undefined where there is nothing to append */
async function append(
  uri: string,
  path: string,
  { cwd, address, load, signal }: Place,
  findings: Findings,
  standsAlone = false,
): Promise<number | undefined> {
  const where = stripQuery(uri);
  const file = await loadOrFind(load(uri, address), where, findings, signal);
  if (!file) return undefined;
  try {
    const from = join(cwd, file.fileName);
    const kind = standsAlone ? await findKind(from, file.sizeBytes) : 'other';
    const fault = typeof kind === 'object' ? kind.fault : undefined;
    if (fault) findings.add({ verdict: 'wrong', code: 'not-a-segment', where, what: fault });
    if (fault) return undefined;
    if (kind === 'transport stream') await judgePackets(from, where, findings);
    await pipeline(createReadStream(from), createWriteStream(path, { flags: 'a' }), { signal });
    return file.sizeBytes;
  } finally {
    await file.release?.();
  }
}

async function judgePackets(path: string, where: string, findings: Findings): Promise<void> {
  const { damaged, gaps } = await countTransportFaults(path);
  if (damaged + gaps === 0) return;
  const what = `${damaged} of its transport packets are damaged, and ${gaps} times some are missing`;
  findings.add({ verdict: 'wrong', code: 'packets-lost', where, what });
}

const TS_PACKET_BYTES = 188;
const TS_SYNC = 0x47;

/** Without a header of its own a segment is a transport stream; sound may also come as it is. */
async function findKind(path: string, sizeBytes: number): Promise<'transport stream' | 'other' | { fault: string }> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const isPackedSound = buffer.toString('latin1', 0, 3) === 'ID3' || buffer.readUInt16BE(0) >= 0xfff0;
    if (isPackedSound) return 'other';
    if (buffer[0] !== TS_SYNC) return { fault: 'it is no transport stream' };
    if (sizeBytes % TS_PACKET_BYTES === 0) return 'transport stream';
    return { fault: `it is cut off: ${sizeBytes} bytes are not whole transport packets of ${TS_PACKET_BYTES}` };
  } finally {
    await file.close();
  }
}

/** Signatures are nobody's business. */
export function stripQuery(uri: string): string {
  return uri.replace(/[?#].*$/s, '');
}
