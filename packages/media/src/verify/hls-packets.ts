import type { types } from 'hls-parser';
import { scanPackets, type Probe } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { expect } from './expect.ts';
import { findStream, STREAM_GUARD } from './hls-streams.ts';
import type { ExpectedHls, ExpectedRendition, Location } from './hls-expected.ts';

const SCAN_TIMEOUT_MS = 15 * 60_000;
/** A picture and an AAC frame: what padding and cutting may leave. */
const TOLERANCE_SEC = 0.15;

interface PacketAccount {
  /** Of the picture, or of the sound where that is all there is. */
  leadingPackets: number;
  /** Where each track ends, by stream index. */
  endsSec: Map<number, number>;
  /** The first packet that is decoded before the one that it follows. */
  stepBack: { streamIndex: number; fromSec: number; toSec: number } | undefined;
  segments: { startSec: number; startsWithKey: boolean }[];
}

/** One pass over the stream. FFmpeg reads the segments as one file, so a packet's position tells its segment. */
export async function readPackets(
  tools: MediaTools,
  { cwd, signal }: Location,
  playlistName: string,
  sizes: readonly number[],
  probe: Probe,
): Promise<PacketAccount> {
  const leading = findStream(probe, 'video') ?? findStream(probe, 'audio');
  const account: PacketAccount = { leadingPackets: 0, endsSec: new Map(), stepBack: undefined, segments: [] };
  const decodedSec = new Map<number, number>();
  let nextSegmentAt = 0;
  await scanPackets(tools, {
    ...{ fileName: playlistName, cwd, guard: STREAM_GUARD, signal, timeoutMs: SCAN_TIMEOUT_MS },
    onPacket: ({ streamIndex, ptsSec = 0, dtsSec, durationSec = 0, position, isKey }) => {
      const fromSec = decodedSec.get(streamIndex) ?? -Infinity;
      const toSec = dtsSec ?? fromSec;
      if (toSec < fromSec) account.stepBack ??= { streamIndex, fromSec, toSec };
      decodedSec.set(streamIndex, toSec);
      account.endsSec.set(streamIndex, Math.max(account.endsSec.get(streamIndex) ?? 0, ptsSec + durationSec));
      if (streamIndex !== leading?.index) return;
      account.leadingPackets += 1;
      if (position === undefined || position < nextSegmentAt) return;
      nextSegmentAt += sizes[account.segments.length] ?? Infinity;
      account.segments.push({ startSec: ptsSec, startsWithKey: isKey });
    },
  });
  return account;
}

/** @returns the duration that the playlist says */
export function assertTimes(
  packets: PacketAccount,
  { segments }: types.MediaPlaylist,
  { name, picture }: ExpectedRendition,
  { durationSec }: ExpectedHls,
): number {
  expect(packets.segments.length === segments.length, `${name}: segments`, segments.length, packets.segments.length);
  const { stepBack } = packets;
  expect(
    !stepBack,
    `${name}: track ${stepBack?.streamIndex}`,
    `a packet after ${stepBack?.fromSec} s`,
    stepBack?.toSec,
  );
  const firstSec = packets.segments[0]!.startSec;
  let listedSec = 0;
  for (const [index, { startSec, startsWithKey }] of packets.segments.entries()) {
    const uri = segments[index]!.uri;
    expect(startsWithKey, uri, 'to begin with a key frame', 'another');
    const isInTime = Math.abs(startSec - firstSec - listedSec) <= TOLERANCE_SEC;
    expect(isInTime, `${uri}: start`, `${listedSec} s`, `${startSec - firstSec} s`);
    listedSec += segments[index]!.duration;
  }
  const toleranceSec = TOLERANCE_SEC + (picture ? 1 / picture.framesPerSec : 0);
  expect(Math.abs(listedSec - durationSec) <= toleranceSec, `${name}: duration`, `${durationSec} s`, `${listedSec} s`);
  for (const [index, endSec] of packets.endsSec) {
    const trackSec = endSec - firstSec;
    expect(
      Math.abs(trackSec - durationSec) <= toleranceSec,
      `${name}: track ${index}`,
      `${durationSec} s`,
      `${trackSec} s`,
    );
  }
  const expectedPictures = picture ? durationSec * picture.framesPerSec : packets.leadingPackets;
  const areAll = Math.abs(packets.leadingPackets - expectedPictures) <= 1;
  expect(areAll, `${name}: pictures`, Math.round(expectedPictures), packets.leadingPackets);
  return listedSec;
}
