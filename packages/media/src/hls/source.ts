import { JobError, type FrameSize } from '@tapedeck/contracts';
import type { Probe, ProbedStream } from '../ffmpeg/probe.ts';
import { describeColour, type SourceColour } from './colour.ts';
import { chooseFrameRate, framesPerSec, parseFrameRate, type FrameRate } from './frame-rate.ts';
import { hasJumpingClock, type ScannedStream } from './scan-source.ts';

/** A recording as it is to be shown. Times count from the recording's own start. */
export interface Source {
  picture: PictureTrack | undefined;
  sound: SoundTrack | undefined;
  /** A picture beside the sound; only looked for where there is no other. */
  cover: CoverPicture | undefined;
  /** The longer of picture and sound. */
  durationSec: number;
}

export interface PictureTrack {
  index: number;
  /** Upright, with square pixels: what a viewer sees. */
  display: FrameSize;
  /** As the decoder gives it: what memory depends on. */
  decoded: FrameSize;
  bytesPerPixel: number;
  codec: string;
  frameRate: FrameRate;
  isInterlaced: boolean;
  hasAlpha: boolean;
  colour: SourceColour;
  /** A decoder other than FFmpeg's first choice. */
  decoder: string | undefined;
  startSec: number;
  endSec: number;
  /** How many pictures late the decoder's guess of their times is: none where packets say when they are shown. */
  guessDelayFrames: number;
}

export interface SoundTrack {
  index: number;
  channels: number;
  endSec: number;
}

export interface CoverPicture extends FrameSize {
  index: number;
}

/**
 * What to show of a file, and how long. Durations come from the packets: headers lie, and recorders that stream write none.
 * @throws JobError MEDIA_UNRECOGNIZED without picture and sound; MEDIA_TRUNCATED when packets end before the index does.
 */
export function describeSource(probe: Probe, scanned: ReadonlyMap<number, ScannedStream>): Source {
  const pictureStream = findDefault(probe.streams.filter((stream) => isMoving(stream) && hasPackets(stream, scanned)));
  const soundStream = findDefault(
    probe.streams.filter(
      (stream) => stream.codec_type === 'audio' && stream.sample_rate && hasPackets(stream, scanned),
    ),
  );
  if (!pictureStream && !soundStream) throw new JobError('MEDIA_UNRECOGNIZED', 'it has neither picture nor sound');
  for (const stream of [pictureStream, soundStream]) assertKnownCodec(stream);
  assertWhole(probe, scanned);
  const originSec = findOrigin(probe, scanned, [pictureStream, soundStream]);
  const picture = pictureStream && describePicture(pictureStream, scanned.get(pictureStream.index)!, originSec);
  const sound = soundStream && describeSound(soundStream, scanned.get(soundStream.index)!, originSec);
  const coverStream = picture ? undefined : probe.streams.find((stream) => stream.disposition.attached_pic);
  return {
    picture,
    sound,
    cover: coverStream && { index: coverStream.index, ...decodedSize(coverStream) },
    durationSec: Math.max(picture?.endSec ?? 0, sound?.endSec ?? 0),
  };
}

function assertKnownCodec(stream: ProbedStream | undefined): void {
  if (!stream || !['none', 'unknown', undefined].includes(stream.codec_name)) return;
  throw new JobError('MEDIA_CODEC_REFUSED', `that of stream ${stream.index} has no name`);
}

function isMoving({ codec_type, disposition, width, height }: ProbedStream): boolean {
  const isPicture = codec_type === 'video' && Boolean(width && height);
  return isPicture && !disposition.attached_pic && !disposition.still_image && !disposition.timed_thumbnails;
}

function hasPackets({ index }: ProbedStream, scanned: ReadonlyMap<number, ScannedStream>): boolean {
  return (scanned.get(index)?.packets ?? 0) > 0;
}

function findDefault(streams: readonly ProbedStream[]): ProbedStream | undefined {
  return streams.find((stream) => stream.disposition.default) ?? streams[0];
}

/** Less than this may be missing at the end: the last packet's duration is often a guess. */
const MISSING_SEC = 1;
/** Formats whose index says how long the recording is; the others are measured by FFmpeg, or guessed. */
const INDEXED = /^(?:mov|matroska)/;

function assertWhole({ format }: Probe, scanned: ReadonlyMap<number, ScannedStream>): void {
  if (!INDEXED.test(format.format_name ?? '') || format.duration === undefined) return;
  const endSec = Math.max(0, ...[...scanned.values()].map((stream) => stream.endSec ?? 0));
  const startSec = Math.min(0, format.start_time ?? 0);
  const missingSec = format.duration + startSec - endSec;
  if (missingSec <= MISSING_SEC) return;
  throw new JobError('MEDIA_TRUNCATED', `expected ${format.duration.toFixed(1)} s, got ${endSec.toFixed(1)} s`);
}

/** Where FFmpeg puts the zero: the file's start; where clocks jump, the start of what is used of it. */
function findOrigin(
  { format }: Probe,
  scanned: ReadonlyMap<number, ScannedStream>,
  used: readonly (ProbedStream | undefined)[],
): number {
  const starts = used.map((stream) => stream && scanned.get(stream.index)?.startSec).filter((sec) => sec !== undefined);
  const usedStartSec = starts.length > 0 ? Math.min(...starts) : 0;
  return hasJumpingClock(format.format_name) ? usedStartSec : (format.start_time ?? usedStartSec);
}

function describePicture(stream: ProbedStream, scanned: ScannedStream, originSec: number): PictureTrack {
  const pixelFormat = stream.pix_fmt ?? '';
  const frameRate = chooseFrameRate({
    nominal: parseFrameRate(stream.r_frame_rate),
    average: parseFrameRate(stream.avg_frame_rate),
    shortestUsualGapSec: scanned.shortestUsualGapSec,
  });
  const oneFrameSec = 1 / framesPerSec(frameRate);
  const codec = stream.codec_name ?? '';
  const plainColour = describeColour(stream);
  const hasHiddenAlpha = (stream.tags.alpha_mode ?? stream.tags.ALPHA_MODE) === '1';
  const hasAlpha = hasHiddenAlpha || /^(?:yuva|rgba|bgra|argb|abgr|gbrap|ya\d|pal8)/.test(pixelFormat);
  // Put on black it is RGB, whatever it was.
  const colour = hasAlpha ? { ...plainColour, kind: 'rgb' as const } : plainColour;
  return {
    index: stream.index,
    display: displaySize(stream),
    decoded: decodedSize(stream),
    bytesPerPixel: bytesPerPixel(pixelFormat),
    codec,
    frameRate,
    isInterlaced: /^(?:tt|bb|tb|bt)$/.test(stream.field_order ?? ''),
    hasAlpha,
    colour,
    // FFmpeg's own VP8 and VP9 decoders leave the transparency out.
    decoder: hasHiddenAlpha ? { vp8: 'libvpx', vp9: 'libvpx-vp9' }[codec] : undefined,
    startSec: (scanned.startSec ?? originSec) - originSec,
    endSec: Math.max(oneFrameSec, endOf(scanned, originSec) ?? scanned.packets * oneFrameSec),
    guessDelayFrames: scanned.hasPts ? 0 : (stream.has_b_frames ?? 0),
  };
}

function describeSound(stream: ProbedStream, scanned: ScannedStream, originSec: number): SoundTrack {
  const endSec = endOf(scanned, originSec) ?? stream.duration ?? 0;
  return { index: stream.index, channels: stream.channels ?? 2, endSec };
}

function endOf({ endSec }: ScannedStream, originSec: number): number | undefined {
  return endSec === undefined ? undefined : endSec - originSec;
}

function decodedSize({ width = 0, height = 0 }: ProbedStream): FrameSize {
  return { width, height };
}

const MAX_ASPECT = 10;

/** Pixels are made square by width alone, so no row is invented; then the picture is turned upright. */
function displaySize(stream: ProbedStream): FrameSize {
  const { width, height } = decodedSize(stream);
  const [, across, down] = (/^(\d+):(\d+)$/.exec(stream.sample_aspect_ratio ?? '') ?? []).map(Number);
  const pixelAspect = across && down ? across / down : 1;
  const isSane = pixelAspect >= 1 / MAX_ASPECT && pixelAspect <= MAX_ASPECT;
  const squareWidth = isSane ? Math.max(1, Math.round(width * pixelAspect)) : width;
  const rotation = stream.side_data_list.find((data) => data.rotation !== undefined)?.rotation ?? 0;
  const isTurned = Math.abs(Math.round(rotation / 90)) % 2 === 1;
  return isTurned ? { width: height, height: squareWidth } : { width: squareWidth, height };
}

function bytesPerPixel(pixelFormat: string): number {
  const samples = /444|gbr|rgb|bgr|argb|abgr/.test(pixelFormat) ? 3 : /422/.test(pixelFormat) ? 2 : 1.5;
  const alpha = /^(?:yuva|rgba|bgra|argb|abgr|gbrap)/.test(pixelFormat) ? 1 : 0;
  const isDeep = /(?:p|le|be)?(?:9|10|12|14|16)(?:le|be)$|48|64/.test(pixelFormat);
  return (samples + alpha) * (isDeep ? 2 : 1);
}
