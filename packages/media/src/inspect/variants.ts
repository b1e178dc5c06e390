import type { types } from 'hls-parser';
import { measureBandwidth } from '../hls/measure-rendition.ts';
import { findStream } from '../verify/hls-streams.ts';
import type { Probe, ProbedStream } from '../ffmpeg/probe.ts';
import type { Findings } from './finding.ts';
import type { RenditionAccount } from './inspect-media.ts';

/** As Apple's validator: encoders meet their bit rates roughly. */
const BANDWIDTH_TOLERANCE = 0.1;

/** A master's line against the stream that it leads to. @param hasOtherSound whether sound comes from another playlist */
export function judgeVariant(
  variant: types.Variant,
  { where, probe, segments, targetSec }: RenditionAccount,
  hasOtherSound: boolean,
  findings: Findings,
): void {
  const measured = segments.flatMap(({ durationSec, sizeBytes }) => (sizeBytes ? [{ durationSec, sizeBytes }] : []));
  const { peakBandwidth: peak } = measureBandwidth(measured, targetSec);
  const { bandwidth, codecs } = variant;
  if (measured.length > 0 && !(bandwidth * (1 + BANDWIDTH_TOLERANCE) >= peak)) {
    const what = `the master says BANDWIDTH=${bandwidth}, and it needs ${peak}: players on slow networks stall`;
    findings.add({ verdict: 'wrong', code: 'bandwidth-too-low', where, what });
  }
  if (!probe) return;
  if (codecs === undefined) {
    const what = 'the master names no CODECS for it: players must fetch it to see whether they can play it';
    findings.add({ verdict: 'hint', code: 'no-codecs', where, what });
  } else judgeCodecs(codecs, probe, { where, hasOtherSound }, findings);
  judgeResolution(variant, findStream(probe, 'video'), where, findings);
}

const PROFILES: Record<string, string> = { 'Constrained Baseline': '42', Baseline: '42', Main: '4d', High: '64' };

/** Only what has one name (RFC 6381) is compared: H.264 by profile and level, AAC-LC. */
function judgeCodecs(
  text: string,
  probe: Probe,
  { where, hasOtherSound }: { where: string; hasOtherSound: boolean },
  findings: Findings,
): void {
  const told = text.toLowerCase().split(/\s*,\s*/);
  const [video, audio] = [findStream(probe, 'video'), findStream(probe, 'audio')];
  const toldH264 = told.find((codec) => /^avc[13]\./.test(codec));
  const toldSound = told.some((codec) => /^(?:mp4a|ac-3|ec-3|opus|flac)/.test(codec));
  const faults = [
    findPictureFault(toldH264, video),
    audio && !toldSound ? `it has sound (${audio.codec_name})` : undefined,
    !audio && toldSound && !hasOtherSound ? 'it has no sound' : undefined,
  ];
  for (const fault of faults.filter((one) => one !== undefined)) {
    const what = `the master says CODECS="${text}", and ${fault}`;
    findings.add({ verdict: 'wrong', code: 'wrong-codecs', where, what });
  }
}

function findPictureFault(told: string | undefined, video: ProbedStream | undefined): string | undefined {
  if (!video) return told === undefined ? undefined : 'it has no picture';
  const { codec_name: codec, profile = '', level = 0 } = video;
  if (codec !== 'h264') return undefined;
  const wanted = new RegExp(`^avc[13]\\.${PROFILES[profile] ?? '..'}..${level.toString(16).padStart(2, '0')}$`);
  return told !== undefined && wanted.test(told) ? undefined : `its picture is H.264 ${profile}, level ${level / 10}`;
}

function judgeResolution(
  { resolution }: types.Variant,
  video: ProbedStream | undefined,
  where: string,
  findings: Findings,
): void {
  if (!video) return;
  const size = `${video.width}x${video.height}`;
  if (!resolution) {
    const what = `the master names no RESOLUTION for it (${size})`;
    findings.add({ verdict: 'hint', code: 'no-resolution', where, what });
  } else if (resolution.width !== video.width || resolution.height !== video.height) {
    const what = `the master says RESOLUTION=${resolution.width}x${resolution.height}, and its picture is ${size}`;
    findings.add({ verdict: 'wrong', code: 'wrong-resolution', where, what });
  }
}

const ALIGNED_SEC = 0.1;

/** A player that changes the rendition must find the same moment there (RFC 8216, 6.2.4). */
export function judgeAlignment(first: RenditionAccount, other: RenditionAccount, findings: Findings): void {
  const { where } = other;
  const [expected, got] = [first, other].map(({ segments }) => segments);
  const [totalSec, otherSec] = [first, other].map(({ segments }) =>
    segments.reduce((sum, { durationSec }) => sum + durationSec, 0),
  );
  if (Math.abs(totalSec! - otherSec!) > first.targetSec) {
    const what = `it lasts ${otherSec!.toFixed(1)} s, and ${first.where} ${totalSec!.toFixed(1)} s`;
    findings.add({ verdict: 'wrong', code: 'renditions-differ', where, what });
  }
  const [startSec, otherStartSec] = [expected![0]?.startSec, got![0]?.startSec];
  if (startSec !== undefined && otherStartSec !== undefined && Math.abs(startSec - otherStartSec) > ALIGNED_SEC) {
    const what = `its clock begins at ${otherStartSec.toFixed(2)} s, that of ${first.where} at ${startSec.toFixed(2)} s`;
    findings.add({ verdict: 'wrong', code: 'renditions-differ', where, what });
    return;
  }
  const isAligned = expected!.every(({ startSec: fromSec }, index) => {
    const toSec = got![index]?.startSec;
    return fromSec === undefined || toSec === undefined || Math.abs(fromSec - toSec) <= ALIGNED_SEC;
  });
  if (isAligned && expected!.length === got!.length) return;
  const what = `its segments do not begin where those of ${first.where} do: players that change have to fetch twice`;
  findings.add({ verdict: 'hint', code: 'not-aligned', where, what });
}
