import { scanFrames, type Complaint, type Probe } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import type { Findings } from './finding.ts';
import { INSPECT_GUARD, type InspectedFile } from './inspected-file.ts';
import type { TrackAccount } from './tracks.ts';

const DECODE_TIMEOUT_MS = 30 * 60_000;
/** Decoders keep a picture or two at the end, and leave out what lies before the first key frame. */
const MAY_BE_LOST = 2;

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
  for (const [index, { packets, discarded }] of tracks) {
    if (probe.streams.find((stream) => stream.index === index)?.codec_type !== 'video') continue;
    const [expected, got] = [packets - discarded, decoded.get(index) ?? 0];
    if (got >= expected - MAY_BE_LOST) continue;
    const what = `${expected - got} of ${expected} pictures cannot be decoded`;
    findings.add({ verdict: 'wrong', code: 'pictures-lost', where: name, what });
  }
}
