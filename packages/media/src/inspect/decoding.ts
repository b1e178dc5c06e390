import { scanFrames, type Complaint, type Probe } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import type { Findings } from './finding.ts';
import { INSPECT_GUARD, type InspectedFile } from './inspected-file.ts';
import type { TrackAccount } from './tracks.ts';

const DECODE_TIMEOUT_MS = 30 * 60_000;
/** Codecs of which every packet is a frame, and how many may be missing: of sound, what nobody hears. */
const MAY_BE_LOST: Readonly<Record<string, number>> = { h264: 0, hevc: 0, aac: 2, mp3: 2 };

/** Decodes all of it, and tells what could not be. */
export async function inspectDecoding(
  tools: MediaTools,
  { fileName, cwd, signal, name = fileName }: InspectedFile,
  { probe, tracks }: { probe: Probe; tracks: ReadonlyMap<number, TrackAccount> },
  findings: Findings,
): Promise<void> {
  const decoded = new Map<number, number>();
  let first: Complaint | undefined;
  let complaints = 0;
  await scanFrames(tools, {
    ...{ fileName, cwd, guard: INSPECT_GUARD, signal, timeoutMs: DECODE_TIMEOUT_MS },
    onFrame: ({ streamIndex }) => decoded.set(streamIndex, (decoded.get(streamIndex) ?? 0) + 1),
    onComplaint: (complaint) => {
      first ??= complaint;
      complaints += 1;
    },
  });
  if (first) {
    const { atSec, text } = first;
    const where = atSec === undefined ? '' : `, the first at about ${atSec.toFixed(1)} s`;
    const what = `${complaints} errors while decoding${where}: ${text}`;
    findings.add({ verdict: 'wrong', code: 'decode-errors', where: name, what, ...(atSec !== undefined && { atSec }) });
  }
  for (const { index, codec_name: codec = '', codec_type: type } of probe.streams) {
    const mayBeLost = MAY_BE_LOST[codec];
    const { packets, discarded } = tracks.get(index) ?? { packets: 0, discarded: 0 };
    const lost = packets - discarded - (decoded.get(index) ?? 0);
    if (mayBeLost === undefined || lost <= mayBeLost) continue;
    const what = `${lost} of ${packets - discarded} ${type === 'video' ? 'pictures' : 'pieces of its sound'} cannot be decoded`;
    findings.add({ verdict: 'wrong', code: 'frames-lost', where: name, what });
  }
}
