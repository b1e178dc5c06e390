import type { InputGuard } from '../ffmpeg/arguments.ts';
import { scanPackets, type Packet } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { GapHistogram } from './gap-histogram.ts';

/** What a stream's packets say, where its header may lie or be silent. */
export interface ScannedStream {
  packets: number;
  /** The first that is shown; undefined where no packet has a time. */
  startSec: number | undefined;
  /** Where the last one ends. */
  endSec: number | undefined;
  /** See PictureTiming. */
  shortestUsualGapSec: number | undefined;
}

const SCAN_TIMEOUT_MS = 15 * 60_000;
const USUAL = 0.05;

/** @returns by stream index. @throws JobError as scanPackets */
export async function scanSource(
  tools: MediaTools,
  source: { fileName: string; cwd: string; guard: InputGuard; signal: AbortSignal },
): Promise<ReadonlyMap<number, ScannedStream>> {
  const tallies = new Map<number, Tally>();
  await scanPackets(tools, {
    ...source,
    timeoutMs: SCAN_TIMEOUT_MS,
    onPacket: (packet) => {
      let tally = tallies.get(packet.streamIndex);
      if (!tally) tallies.set(packet.streamIndex, (tally = new Tally()));
      tally.add(packet);
    },
  });
  return new Map([...tallies].map(([index, tally]) => [index, tally.read()]));
}

class Tally {
  #packets = 0;
  #startSec = Infinity;
  #endSec = -Infinity;
  #previousSec: number | undefined;
  /** Decoding times: in order, and as far apart as the pictures are, but for the order of B-frames. */
  readonly #gaps = new GapHistogram();

  add({ ptsSec, dtsSec, durationSec = 0, isDiscarded }: Packet): void {
    this.#packets += 1;
    const timeSec = ptsSec ?? dtsSec;
    if (timeSec === undefined || isDiscarded) return;
    this.#startSec = Math.min(this.#startSec, timeSec);
    this.#endSec = Math.max(this.#endSec, timeSec + durationSec);
    const orderedSec = dtsSec ?? timeSec;
    if (this.#previousSec !== undefined) this.#gaps.add(orderedSec - this.#previousSec);
    this.#previousSec = orderedSec;
  }

  read(): ScannedStream {
    const isTimed = this.#startSec !== Infinity;
    return {
      packets: this.#packets,
      startSec: isTimed ? this.#startSec : undefined,
      endSec: isTimed ? this.#endSec : undefined,
      shortestUsualGapSec: this.#gaps.quantileSec(USUAL),
    };
  }
}
