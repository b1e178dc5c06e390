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
  /** Whether packets say when they are shown; old containers say when they are decoded only. */
  hasPts: boolean;
  /** See PictureTiming. */
  shortestUsualGapSec: number | undefined;
}

/**
 * Formats whose clock may jump: recordings that were joined, or broadcasts. FFmpeg closes such gaps when it decodes, by
 * the same rule as here; in other formats a gap is a gap.
 */
const JUMPING_CLOCK = /^(?:mpegts|mpeg|ogg)$/;
const MAX_GAP_SEC = 10;
const MAX_STEP_BACK_SEC = 0.1;

export function hasJumpingClock(formatName: string | undefined): boolean {
  return JUMPING_CLOCK.test(formatName ?? '');
}

const SCAN_TIMEOUT_MS = 15 * 60_000;
const USUAL_GAP_QUANTILE = 0.05;

/** @returns by stream index. @throws JobError as scanPackets */
export async function scanSource(
  tools: MediaTools,
  source: { fileName: string; cwd: string; guard: InputGuard; signal: AbortSignal },
  formatName: string | undefined,
): Promise<ReadonlyMap<number, ScannedStream>> {
  const tallies = new Map<number, Tally>();
  const closeGaps = hasJumpingClock(formatName) ? createGapCloser() : (packet: Packet) => packet;
  await scanPackets(tools, {
    ...source,
    timeoutMs: SCAN_TIMEOUT_MS,
    onPacket: (packet) => {
      let tally = tallies.get(packet.streamIndex);
      if (!tally) tallies.set(packet.streamIndex, (tally = new Tally()));
      tally.add(closeGaps(packet));
    },
  });
  return new Map([...tallies].map(([index, tally]) => [index, tally.read()]));
}

/** Moves all that follows a jump to where the jump began, for every stream at once. */
function createGapCloser(): (packet: Packet) => Packet {
  const nextSec = new Map<number, number>();
  let offsetSec = 0;
  return (packet) => {
    const { streamIndex, ptsSec, dtsSec = ptsSec, durationSec = 0 } = packet;
    if (dtsSec === undefined) return packet;
    const expectedSec = nextSec.get(streamIndex);
    const jumpSec = expectedSec === undefined ? 0 : dtsSec + offsetSec - expectedSec;
    if (jumpSec > MAX_GAP_SEC || jumpSec < -MAX_STEP_BACK_SEC - durationSec) offsetSec -= jumpSec;
    nextSec.set(streamIndex, dtsSec + offsetSec + durationSec);
    return { ...packet, dtsSec: dtsSec + offsetSec, ptsSec: ptsSec === undefined ? undefined : ptsSec + offsetSec };
  };
}

class Tally {
  #packets = 0;
  #packetsWithPts = 0;
  #startSec = Infinity;
  #endSec = -Infinity;
  #previousSec: number | undefined;
  /** Decoding times: in order, and as far apart as the pictures are, but for the order of B-frames. */
  readonly #gaps = new GapHistogram();

  add({ ptsSec, dtsSec, durationSec = 0, isDiscarded }: Packet): void {
    this.#packets += 1;
    if (ptsSec !== undefined) this.#packetsWithPts += 1;
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
      hasPts: 2 * this.#packetsWithPts > this.#packets,
      shortestUsualGapSec: this.#gaps.quantileSec(USUAL_GAP_QUANTILE),
    };
  }
}
