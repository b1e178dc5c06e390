import { JobError, type FrameSize } from '@tapedeck/contracts';
import type { Probe, ProbedStream } from '../ffmpeg/probe.ts';
import { describeColour, type SourceColour } from './colour.ts';
import { chooseFrameRate, framesPerSec, parseFrameRate, type FrameRate } from './frame-rate.ts';
import { parseOrientation, type Orientation } from './orientation.ts';
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
  orientation: Orientation;
  bytesPerPixel: number;
  codec: string;
  /** Pictures that the decoder must keep to decode the next. */
  referenceFrames: number;
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
  /** Whether its channels are of a layout that FFmpeg knows how to mix. */
  isMixable: boolean;
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
  if (!pictureStream) assertNoneIsLost(probe, scanned);
  const soundStreams = probe.streams.filter(
    (stream) => stream.codec_type === 'audio' && stream.sample_rate && hasPackets(stream, scanned),
  );
  const soundStream = findDefault(ofSameProgram(probe, pictureStream, soundStreams));
  if (!pictureStream && !soundStream) throw new JobError('MEDIA_UNRECOGNIZED', 'it has neither picture nor sound');
  for (const stream of [pictureStream, soundStream]) assertKnownCodec(stream);
  assertWhole(probe, scanned, [pictureStream, soundStream]);
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

/** Of several programmes of a broadcast, the sound must be that of the picture's. */
function ofSameProgram(
  { programs }: Probe,
  picture: ProbedStream | undefined,
  sounds: readonly ProbedStream[],
): readonly ProbedStream[] {
  const program = programs.find(({ streams }) => streams.some(({ index }) => index === picture?.index));
  const own = sounds.filter(({ index }) => program?.streams.some((stream) => stream.index === index));
  return own.length > 0 ? own : sounds;
}

/** A picture that the index promises, and of which no packet can be read, is lost: sound alone is not that recording. */
function assertNoneIsLost({ streams }: Probe, scanned: ReadonlyMap<number, ScannedStream>): void {
  const lost = streams.find((stream) => isMoving(stream) && !hasPackets(stream, scanned) && (stream.duration ?? 0) > 0);
  if (lost)
    throw new JobError('MEDIA_TRUNCATED', `no picture of the ${lost.duration!.toFixed(1)} s that its index names`);
}

/** Less than this may be missing at the end: the last packet's duration is often a guess. */
const MISSING_SEC = 1;
/** Formats whose index says how long the recording is; the others are measured by FFmpeg, or guessed. */
const INDEXED = /^(?:mov|matroska)/;

function assertWhole(
  { format }: Probe,
  scanned: ReadonlyMap<number, ScannedStream>,
  used: readonly (ProbedStream | undefined)[],
): void {
  if (!INDEXED.test(format.format_name ?? '') || format.duration === undefined) return;
  // The file's may be that of its chapters, a track's that of what an edit list cuts off.
  const tracksSec = Math.max(...used.map((stream) => (stream ? (stream.duration ?? Infinity) : 0)));
  const durationSec = Math.min(format.duration, tracksSec);
  const endSec = Math.max(0, ...[...scanned.values()].map((stream) => stream.endSec ?? 0));
  const startSec = Math.min(0, format.start_time ?? 0);
  const missingSec = durationSec + startSec - endSec;
  if (missingSec <= MISSING_SEC) return;
  throw new JobError('MEDIA_TRUNCATED', `expected ${durationSec.toFixed(1)} s, got ${endSec.toFixed(1)} s`);
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
  const orientation = parseOrientation(stream.side_data_list.find((data) => data.displaymatrix)?.displaymatrix);
  const plainColour = describeColour(stream);
  const hasHiddenAlpha = (stream.tags.alpha_mode ?? stream.tags.ALPHA_MODE) === '1';
  const hasAlpha = hasHiddenAlpha || /^(?:yuva|rgba|bgra|argb|abgr|gbrap|ya\d|pal8)/.test(pixelFormat);
  // Put on black it is RGB, whatever it was.
  const colour = hasAlpha ? { ...plainColour, kind: 'rgb' as const } : plainColour;
  return {
    index: stream.index,
    display: displaySize(stream, orientation),
    decoded: decodedSize(stream),
    orientation,
    bytesPerPixel: bytesPerPixel(pixelFormat),
    codec,
    referenceFrames: referenceFrames(stream),
    frameRate,
    isInterlaced: isInterlaced(stream),
    hasAlpha,
    colour,
    // FFmpeg's own VP8 and VP9 decoders leave the transparency out.
    decoder: hasHiddenAlpha ? { vp8: 'libvpx', vp9: 'libvpx-vp9' }[codec] : undefined,
    startSec: (scanned.startSec ?? originSec) - originSec,
    endSec: Math.max(oneFrameSec, endOf(scanned, originSec) ?? scanned.packets * oneFrameSec),
    guessDelayFrames: scanned.hasPts ? 0 : (stream.has_b_frames ?? 0),
  };
}

/** The deinterlacer takes no smaller picture; whoever makes one has no fields to show. */
const MIN_INTERLACED_SIDE = 16;

function isInterlaced({ field_order, width = 0, height = 0 }: ProbedStream): boolean {
  return /^(?:tt|bb|tb|bt)$/.test(field_order ?? '') && Math.min(width, height) >= MIN_INTERLACED_SIDE;
}

/** 7.1 and its kin; no layout has more. */
const MAX_MIXED_CHANNELS = 8;

function describeSound(stream: ProbedStream, scanned: ScannedStream, originSec: number): SoundTrack {
  const endSec = endOf(scanned, originSec) ?? stream.duration ?? 0;
  const { index, channels = 2, channel_layout: layout = '' } = stream;
  // FFmpeg names a layout that it does not know by its channels: `2 channels (BL+BR)`.
  const isMixable = channels <= MAX_MIXED_CHANNELS && !/channels|downmix/.test(layout);
  return { index, isMixable, endSec };
}

/** H.264 says it; of the others, what encoders use, or where that is not known, what the standard allows. */
function referenceFrames({ codec_name: codec = '', refs = 0 }: ProbedStream): number {
  if (codec === 'h264') return Math.max(4, refs);
  return { hevc: 6, av1: 16, vp9: 9, vp8: 9 }[codec] ?? 3;
}

function endOf({ endSec }: ScannedStream, originSec: number): number | undefined {
  return endSec === undefined ? undefined : endSec - originSec;
}

function decodedSize({ width = 0, height = 0 }: ProbedStream): FrameSize {
  return { width, height };
}

const MAX_ASPECT = 10;

/** Pixels are made square by width alone, so no row is invented; then the picture is turned upright. */
function displaySize(stream: ProbedStream, { isTurned }: Orientation): FrameSize {
  const { width, height } = decodedSize(stream);
  const [, across, down] = (/^(\d+):(\d+)$/.exec(stream.sample_aspect_ratio ?? '') ?? []).map(Number);
  const pixelAspect = across && down ? across / down : 1;
  const isSane = pixelAspect >= 1 / MAX_ASPECT && pixelAspect <= MAX_ASPECT;
  const squareWidth = isSane ? Math.max(1, Math.round(width * pixelAspect)) : width;
  return isTurned ? { width: height, height: squareWidth } : { width: squareWidth, height };
}

function bytesPerPixel(pixelFormat: string): number {
  const samples = /444|gbr|rgb|bgr|argb|abgr/.test(pixelFormat) ? 3 : /422/.test(pixelFormat) ? 2 : 1.5;
  const alpha = /^(?:yuva|rgba|bgra|argb|abgr|gbrap)/.test(pixelFormat) ? 1 : 0;
  const isDeep = /(?:p|le|be)?(?:9|10|12|14|16)(?:le|be)$|48|64/.test(pixelFormat);
  return (samples + alpha) * (isDeep ? 2 : 1);
}
