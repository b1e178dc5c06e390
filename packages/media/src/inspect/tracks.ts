import { scanPackets } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { INSPECT_GUARD, type InspectedFile } from './inspected-file.ts';

/** What the packets of one track, or of one segment's part of it, say together. */
export interface TrackAccount {
  packets: number;
  /** Of those: decoded, but not to be shown. */
  discarded: number;
  startsWithKey: boolean;
  startSec: number;
  endSec: number;
  /** From one key frame to the next, or to the end. */
  longestKeyGapSec: number;
}

const SCAN_TIMEOUT_MS = 15 * 60_000;

/**
 * One pass over a file that may be several, one behind the other.
 * @param ends the byte at which each of them ends
 * @returns for each the accounts of its tracks, by stream index
 */
export async function accountPackets(
  tools: MediaTools,
  { fileName, cwd, signal }: InspectedFile,
  ends: readonly number[],
): Promise<Map<number, TrackAccount>[]> {
  const pieces = ends.map(() => new Map<number, TrackAccount>());
  const lastKeySec = new Map<number, number>();
  const pieceOf = new Map<number, number>();
  await scanPackets(tools, {
    ...{ fileName, cwd, guard: INSPECT_GUARD, signal, timeoutMs: SCAN_TIMEOUT_MS },
    onPacket: ({ streamIndex, ptsSec, dtsSec, durationSec = 0, position, isKey, isDiscarded }) => {
      // Of several frames in one packet of the stream only the first knows where it lies.
      let index = pieceOf.get(streamIndex) ?? 0;
      while (position !== undefined && position >= ends[index]! && index < ends.length - 1) index += 1;
      pieceOf.set(streamIndex, index);
      const piece = pieces[index]!;
      const account = piece.get(streamIndex) ?? { ...EMPTY, startsWithKey: isKey };
      piece.set(streamIndex, account);
      const startSec = ptsSec ?? dtsSec ?? account.endSec;
      account.packets += 1;
      if (isDiscarded) account.discarded += 1;
      account.startSec = Math.min(account.startSec, startSec);
      account.endSec = Math.max(account.endSec, startSec + durationSec);
      if (isKey || !lastKeySec.has(streamIndex)) lastKeySec.set(streamIndex, startSec);
      const gapSec = startSec + durationSec - lastKeySec.get(streamIndex)!;
      account.longestKeyGapSec = Math.max(account.longestKeyGapSec, gapSec);
    },
  });
  return pieces;
}

const EMPTY = { packets: 0, discarded: 0, startSec: Infinity, endSec: 0, longestKeyGapSec: 0 };
