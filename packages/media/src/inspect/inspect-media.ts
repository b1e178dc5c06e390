import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { types } from 'hls-parser';
import type { Probe } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { inspectDecoding } from './decoding.ts';
import type { Findings } from './finding.ts';
import { probeInspected } from './inspected-file.ts';
import { findObstacle, joinRun, splitRuns, stripQuery, type Place, type Run } from './segments.ts';
import { judgeStreams } from './streams.ts';
import { accountPackets, type TrackAccount } from './tracks.ts';

/** What a media playlist turned out to lead to. */
export interface RenditionAccount {
  where: string;
  /** Of its first run; undefined where nothing could be read. */
  probe: Probe | undefined;
  targetSec: number;
  /** In the order of the playlist; `startSec` is undefined where the segment could not be read. */
  segments: readonly SegmentAccount[];
}

export interface SegmentAccount {
  uri: string;
  durationSec: number;
  sizeBytes: number | undefined;
  startSec?: number;
}

const JOINED_NAME = '.inspected-run';

/** Looks at every segment that a media playlist names, and at every picture in them. */
export async function inspectMedia(
  tools: MediaTools,
  playlist: types.MediaPlaylist,
  { where, ...place }: Place & { where: string },
  findings: Findings,
): Promise<RenditionAccount> {
  judgeDurations(playlist, where, findings);
  const account: RenditionAccount & { segments: SegmentAccount[] } = {
    ...{ where, probe: undefined, targetSec: playlist.targetDuration },
    segments: playlist.segments.map(({ uri, duration }) => ({ uri, durationSec: duration, sizeBytes: undefined })),
  };
  const obstacle = playlist.segments.map(findObstacle).find((found) => found !== undefined);
  if (obstacle) {
    const what = `its segments are ${obstacle}: what is inside was not looked at`;
    findings.add({ verdict: 'hint', code: 'not-looked-into', where, what });
    return account;
  }
  for (const run of splitRuns(playlist.segments)) {
    try {
      const probe = await inspectRun(tools, run, { place, where, account }, findings);
      account.probe ??= probe;
    } finally {
      await rm(join(place.cwd, JOINED_NAME), { force: true });
    }
  }
  return account;
}

function judgeDurations({ segments, targetDuration }: types.MediaPlaylist, where: string, findings: Findings): void {
  if (segments.length === 0) {
    findings.add({ verdict: 'wrong', code: 'no-segments', where, what: 'it names no segment' });
  }
  // RFC 8216, 4.3.3.1. A playlist without one has a finding already.
  for (const { uri, duration } of segments) {
    if (!(Math.round(duration) > targetDuration)) continue;
    const what = `EXTINF says ${duration} s, more than the playlist's EXT-X-TARGETDURATION of ${targetDuration} s`;
    findings.add({ verdict: 'wrong', code: 'longer-than-target', where: stripQuery(uri), what });
  }
}

interface RunContext {
  place: Place;
  where: string;
  account: { segments: SegmentAccount[] };
}

async function inspectRun(
  tools: MediaTools,
  run: Run,
  { place, where, account }: RunContext,
  findings: Findings,
): Promise<Probe | undefined> {
  const { ends, sizes } = await joinRun(run, place, JOINED_NAME, findings);
  const accounts = account.segments.slice(run.firstIndex, run.firstIndex + run.segments.length);
  for (const [index, segment] of accounts.entries()) segment.sizeBytes = sizes[index];
  if (sizes.every((size) => size === undefined)) return undefined;
  const file = { cwd: place.cwd, fileName: JOINED_NAME, name: where, signal: place.signal };
  const probe = await probeInspected(tools, file, findings);
  if (!probe) return undefined;
  judgeStreams(probe, { where, needsPicture: false }, findings);
  const pieces = await accountPackets(tools, file, ends);
  const leading = findLeading(probe);
  for (const [index, segment] of accounts.entries()) {
    if (segment.sizeBytes !== undefined) judgeSegment(segment, pieces[index]!.get(leading), findings);
  }
  judgeContinuity(
    accounts,
    pieces.map((piece) => piece.get(leading)),
    findings,
  );
  await inspectDecoding(tools, file, { probe, tracks: sumTracks(pieces) }, findings);
  return probe;
}

/** The picture, or the sound where that is all there is. */
function findLeading({ streams }: Probe): number {
  const find = (type: string) =>
    streams.find(({ codec_type, disposition }) => codec_type === type && !disposition.attached_pic);
  return (find('video') ?? find('audio'))?.index ?? -1;
}

/** A picture and an AAC frame, twice: what padding and cutting may leave. */
const TOLERANCE_SEC = 0.25;

function judgeSegment(segment: SegmentAccount, track: TrackAccount | undefined, findings: Findings): void {
  const where = stripQuery(segment.uri);
  if (!track) {
    findings.add({ verdict: 'wrong', code: 'nothing-in-segment', where, what: 'nothing in it can be read' });
    return;
  }
  segment.startSec = track.startSec;
  const at = { atSec: track.startSec };
  if (!track.startsWithKey) {
    const what = 'it does not begin with a key frame: a player that begins or changes here shows rubbish or nothing';
    findings.add({ verdict: 'wrong', code: 'no-key-frame', where, what, ...at });
  }
  const lastsSec = track.endSec - track.startSec;
  if (Math.abs(lastsSec - segment.durationSec) > TOLERANCE_SEC) {
    const what = `EXTINF says ${segment.durationSec} s, and it lasts ${lastsSec.toFixed(2)} s`;
    findings.add({ verdict: 'wrong', code: 'wrong-extinf', where, what, ...at });
  }
}

function judgeContinuity(
  segments: readonly SegmentAccount[],
  tracks: readonly (TrackAccount | undefined)[],
  findings: Findings,
): void {
  for (const [index, track] of tracks.entries()) {
    const before = tracks[index - 1];
    const gapSec = track && before ? track.startSec - before.endSec : 0;
    if (!track || Math.abs(gapSec) <= TOLERANCE_SEC) continue;
    const how = gapSec > 0 ? 'after the end of' : 'before the end of';
    const what = `it begins ${Math.abs(gapSec).toFixed(2)} s ${how} the segment before it, without EXT-X-DISCONTINUITY`;
    findings.add({
      ...{ verdict: 'wrong', code: 'not-continuous', where: stripQuery(segments[index]!.uri), what },
      atSec: track.startSec,
    });
  }
}

function sumTracks(pieces: readonly ReadonlyMap<number, TrackAccount>[]): Map<number, TrackAccount> {
  const sums = new Map<number, TrackAccount>();
  for (const [index, track] of pieces.flatMap((piece) => [...piece])) {
    const sum = sums.get(index) ?? { ...track, packets: 0, discarded: 0 };
    sums.set(index, { ...sum, packets: sum.packets + track.packets, discarded: sum.discarded + track.discarded });
  }
  return sums;
}
