import { HLS_NAMES, type X264Preset } from '@tapedeck/contracts';
import { buildX264Params, type X264Settings } from '../encode/x264-settings.ts';
import { buildInputGuard, QUIET, type InputGuard } from '../ffmpeg/arguments.ts';
import { JPEG_85 } from '../images/jpeg.ts';
import { countFrames, framesPerSec } from './frame-rate.ts';
import { buildLookFilters, buildTimingFilters } from './picture-graph.ts';
import type { Rendition } from './renditions.ts';
import type { PictureTrack, SoundTrack, Source } from './source.ts';
import { STATS_SIDE, type PosterPlan, type StoryboardPlan } from './stills.ts';

/** RFC 8216 knows no length; ten seconds are the contract's. */
const SEGMENT_SEC = 10;
/** A player that seeks decodes from the last key frame; five of them in a segment keep that short. */
const KEY_FRAME_SEC = 2;
const SOUND_RATE_HZ = 48_000;

export interface HlsEncode {
  sourceName: string;
  guard: InputGuard;
  source: Source;
  /** The renditions of this pass. */
  renditions: readonly Rendition[];
  preset: X264Preset;
  /** undefined for sound alone. */
  settings: X264Settings | undefined;
  decoderThreads: number;
  /** Part of every segment's name: what makes it unique to its run. */
  runId: string;
  poster: PosterPlan | undefined;
  storyboard: StoryboardPlan | undefined;
}

/** Files beside those that are published. */
export const STILL_FILES = {
  posterCandidate: (place: number) => `candidate-${place + 1}.jpg`,
  posterCandidates: 'candidate-%d.jpg',
  posterStats: 'candidates.grey',
} as const;

/**
 * The arguments of one FFmpeg that decodes once and writes every rendition of a pass, and the still pictures beside
 * them. All names are ours, relative to the workspace.
 */
export function buildHlsArgv(encode: HlsEncode): string[] {
  const { sourceName, guard, source, renditions, poster, storyboard } = encode;
  const { picture } = source;
  return [
    ...QUIET,
    ...['-progress', 'pipe:3', '-stats_period', '0.5'],
    // Not -xerror: a scratch in a recording must not cost the recording. Half of its packets must be decodable.
    ...['-max_error_rate', '0.5'],
    ...buildInputGuard(guard),
    ...['-fflags', '+genpts'],
    ...(picture ? buildDecoderArgs(encode, picture) : []),
    ...['-i', `file:${sourceName}`],
    ...buildGraphs(encode).flatMap((graph) => ['-filter_complex', graph]),
    ...renditions.flatMap((rendition, index) => buildRenditionArgs(encode, rendition, index)),
    ...(picture && poster ? buildPosterArgs() : []),
    ...(picture && storyboard ? buildStoryboardArgs() : []),
  ];
}

/**
 * Outputs of one graph must come at the same pace: what one has, it holds in memory until the slowest has something, and
 * that may be the end of the recording. So sound that starts late has a graph of its own, and so have the stills.
 */
function buildGraphs(encode: HlsEncode): string[] {
  const { source, poster, storyboard } = encode;
  const { picture, sound } = source;
  return [
    ...(picture ? [buildRenditionGraph(encode, picture)] : []),
    ...(picture && poster ? [buildPosterGraph(encode, picture, poster)] : []),
    ...(picture && storyboard ? [buildStoryboardGraph(encode, picture, storyboard)] : []),
    ...(sound ? [buildSoundGraph(encode, sound)] : []),
  ];
}

function buildDecoderArgs({ decoderThreads }: HlsEncode, { index, decoder }: PictureTrack): string[] {
  return [
    ...['-threads', String(decoderThreads)],
    ...(decoder ? [`-c:${index}`, decoder] : []),
    // Where the picture's size changes in the middle, the first filter scales it; a new graph would count from zero again.
    // FFmpeg's own turning stands before that filter, and would read beyond a smaller picture.
    ...[`-reinit_filter:${index}`, '0', '-noautorotate'],
  ];
}

/** Pads: `v0`, `v1`, … are the renditions' pictures, the largest first; `lower1`, … lie before all but the first. */
function buildRenditionGraph({ source, renditions }: HlsEncode, picture: PictureTrack): string {
  const [top, ...lower] = renditions;
  const filters = [...buildTiming(source, picture), ...buildLookFilters(picture, top!)];
  const pads = ['v0', ...lower.map((_, index) => `lower${index + 1}`)];
  const outputs = pads.map((pad) => `[${pad}]`).join('');
  return [
    `[0:${picture.index}]${filters.join(',')},split=${pads.length}${outputs}`,
    ...lower.map(({ width, height }, index) => `[lower${index + 1}]scale=${width}:${height},setsar=1[v${index + 1}]`),
  ].join(';');
}

function buildTiming({ durationSec }: Source, picture: PictureTrack): string[] {
  return buildTimingFilters(picture, countFrames(durationSec, picture.frameRate));
}

/** JPEG has the matrix of BT.601 and the full range. */
const TO_JPEG = 'out_range=pc:out_color_matrix=bt601,format=yuvj420p';

/** Pads: `poster`, the candidates, and `stats`, the same ones small and grey. */
function buildPosterGraph({ source }: HlsEncode, picture: PictureTrack, poster: PosterPlan): string {
  const { candidates, width, height } = poster;
  const wanted = candidates.map((frame) => `eq(n,${frame})`).join('+');
  const filters = [...buildTiming(source, picture), `select='${wanted}'`, ...buildLookFilters(picture, poster)];
  return [
    `[0:${picture.index}]${filters.join(',')},split[large][small]`,
    `[large]scale=${width}:${height}:${TO_JPEG}[poster]`,
    `[small]scale=${STATS_SIDE}:${STATS_SIDE}:out_range=tv,format=gray[stats]`,
  ].join(';');
}

function buildStoryboardGraph({ source }: HlsEncode, picture: PictureTrack, storyboard: StoryboardPlan): string {
  const { tile, columns, rows, everyFrames } = storyboard;
  const { width, height } = tile;
  const wanted = `select='not(mod(n,${everyFrames}))'`;
  const filters = [...buildTiming(source, picture), wanted, ...buildLookFilters(picture, tile)];
  const sprite = `scale=${width}:${height}:${TO_JPEG},tile=${columns}x${rows}`;
  return `[0:${picture.index}]${filters.join(',')},${sprite}[storyboard]`;
}

/**
 * From zero to the end, whatever the recording has: silence where sound starts late or ends early, gaps filled, drift
 * against the time stamps taken out. Where channels or rate change in the middle, FFmpeg makes the graph anew, and it
 * fills from zero again: verify refuses what comes of that.
 */
function buildSoundGraph({ source, renditions }: HlsEncode, { index, isMixable }: SoundTrack): string {
  const pads = renditions.map((_, rendition) => `[a${rendition}]`).join('');
  const filters = [
    // The first two, where nobody knows how to mix them.
    ...(isMixable ? [] : ['channelmap=map=0|1:channel_layout=stereo']),
    `aresample=${SOUND_RATE_HZ}:async=1:first_pts=0`,
    'aformat=sample_fmts=fltp:channel_layouts=stereo',
    'apad',
    `atrim=end=${source.durationSec.toFixed(6)}`,
    `asplit=${renditions.length}`,
  ];
  return `[0:${index}]${filters.join(',')}${pads}`;
}

function buildRenditionArgs(encode: HlsEncode, rendition: Rendition, index: number): string[] {
  const { source, settings, runId } = encode;
  const { picture, sound } = source;
  return [
    ...(picture && settings ? ['-map', `[v${index}]`, ...buildX264Args(encode, settings, picture, rendition)] : []),
    ...(sound ? ['-map', `[a${index}]`, '-c:a', 'aac', '-b:a', `${rendition.audioKbps}k`] : []),
    ...['-map_metadata', '-1', '-map_chapters', '-1', '-sn', '-dn'],
    // Sound belongs into the segment of its pictures, however long it takes to come.
    ...['-max_interleave_delta', '0', '-max_muxing_queue_size', '8192'],
    ...['-f', 'hls', '-hls_time', String(SEGMENT_SEC), '-hls_playlist_type', 'vod', '-hls_list_size', '0'],
    ...['-hls_segment_filename', `file:${HLS_NAMES.segments(rendition.name, runId)}`],
    `file:${HLS_NAMES.playlist(rendition.name)}`,
  ];
}

/**
 * Key frames at the same times in every rendition, because only time decides: no scene cut adds one. The colour tags
 * come with the pictures.
 */
function buildX264Args(
  { preset }: HlsEncode,
  settings: X264Settings,
  picture: PictureTrack,
  { crf, bitrateKbps }: Rendition,
): string[] {
  const keyint = Math.ceil(framesPerSec(picture.frameRate) * KEY_FRAME_SEC) + 1;
  return [
    ...['-c:v', 'libx264', '-profile:v', 'high', '-preset', preset, '-crf', String(crf), '-fps_mode', 'passthrough'],
    // A buffer of one second: within a segment of ten, the ceiling is exceeded by a tenth at most.
    ...['-maxrate', `${bitrateKbps}k`, '-bufsize', `${bitrateKbps}k`],
    ...['-force_key_frames', `expr:gte(t,n_forced*${KEY_FRAME_SEC})`],
    ...['-x264-params', buildX264Params(settings, { keyint, scenecut: 0 })],
  ];
}

function buildPosterArgs(): string[] {
  return [
    ...['-map', '[poster]', '-fps_mode', 'passthrough', ...JPEG_85],
    ...['-f', 'image2', `file:${STILL_FILES.posterCandidates}`],
    ...['-map', '[stats]', '-fps_mode', 'passthrough', '-c:v', 'rawvideo'],
    ...['-f', 'rawvideo', `file:${STILL_FILES.posterStats}`],
  ];
}

function buildStoryboardArgs(): string[] {
  return [
    ...['-map', '[storyboard]', '-fps_mode', 'passthrough', '-frames:v', '1', ...JPEG_85],
    ...['-f', 'image2', '-update', '1', `file:${HLS_NAMES.storyboard}`],
  ];
}
