import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Probe } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { inspectBoxes } from './boxes.ts';
import { inspectDecoding } from './decoding.ts';
import { createFindings, type Finding, type Findings } from './finding.ts';
import { probeInspected, type InspectedFile, type NamedFile } from './inspected-file.ts';
import { judgeStreams } from './streams.ts';
import { accountPackets, type TrackAccount } from './tracks.ts';

/**
 * Says what is wrong with an MP4, whoever made it: its bytes, its boxes, its tracks, and every picture in it.
 * @returns nothing when all is well
 * @throws JobError WORKER_…, ENCODE_STALLED: when it could not be looked at; never for what the file is.
 */
export async function inspectMp4(tools: MediaTools, file: InspectedFile): Promise<Finding[]> {
  const { cwd, fileName, name = fileName } = file;
  const findings = createFindings();
  const info = await stat(join(cwd, fileName)).catch(() => undefined);
  if (!info?.isFile()) {
    return [{ verdict: 'wrong', code: 'missing', where: name, what: 'there is no such file' }];
  }
  const isReadable = await inspectBoxes({ path: join(cwd, fileName), name, sizeBytes: info.size }, findings);
  if (isReadable) await inspectTracks(tools, { ...file, name }, findings);
  return findings.list();
}

async function inspectTracks(tools: MediaTools, file: NamedFile, findings: Findings): Promise<void> {
  const probe = await probeInspected(tools, file, findings);
  if (!probe) return;
  judgeStreams(probe, { where: file.name, needsPicture: true }, findings);
  const [tracks = new Map<number, TrackAccount>()] = await accountPackets(tools, file, [Infinity]);
  judgeTimes(probe, tracks, file.name, findings);
  await inspectDecoding(tools, file, { probe, tracks }, findings);
}

/** The last packet's duration is often a guess. */
const MISSING_SEC = 1;
const APART_SEC = 1;
/** A player that seeks decodes from the last key frame on. */
const MAX_KEY_GAP_SEC = 12;

function judgeTimes(
  { format, streams }: Probe,
  tracks: ReadonlyMap<number, TrackAccount>,
  where: string,
  findings: Findings,
): void {
  const ofKind = (type: string) =>
    streams.find(({ codec_type, disposition }) => codec_type === type && !disposition.attached_pic);
  const video = tracks.get(ofKind('video')?.index ?? -1);
  const audio = tracks.get(ofKind('audio')?.index ?? -1);
  const endSec = Math.max(0, ...[...tracks.values()].map((track) => track.endSec));
  const toldSec = format.duration ?? 0;
  if (toldSec - endSec > MISSING_SEC) {
    const what = `its index says ${toldSec.toFixed(1)} s, and there is something for ${endSec.toFixed(1)} s`;
    findings.add({
      verdict: 'wrong',
      code: 'ends-early',
      where,
      what,
      advice: 'Fetch or make it again.',
      atSec: endSec,
    });
  }
  if (video && !video.startsWithKey) {
    findings.add({
      verdict: 'wrong',
      code: 'no-key-frame',
      where,
      what: 'its picture does not begin with a key frame',
    });
  }
  if (video && audio && Math.abs(video.endSec - audio.endSec) > APART_SEC) {
    const what = `its picture ends at ${video.endSec.toFixed(1)} s, its sound at ${audio.endSec.toFixed(1)} s`;
    findings.add({ verdict: 'hint', code: 'tracks-apart', where, what });
  }
  if (video && video.longestKeyGapSec > MAX_KEY_GAP_SEC) {
    const what = `up to ${video.longestKeyGapSec.toFixed(1)} s without a key frame: seeking is slow`;
    findings.add({ verdict: 'hint', code: 'few-key-frames', where, what });
  }
}
