import type { X264Preset } from '@tapedeck/contracts';
import { buildX264Params, type X264Settings } from '../encode/x264-settings.ts';
import { buildInputGuard, QUIET, type InputGuard } from '../ffmpeg/arguments.ts';
import { JPEG_85 } from '../images/jpeg.ts';
import { framesPerSec } from './frame-rate.ts';
import { buildPictureFilters, outputTags } from './picture-graph.ts';
import type { Rendition } from './renditions.ts';
import type { PictureTrack, Source } from './source.ts';
import { STATS_SIDE, type PosterPlan, type StoryboardPlan } from './stills.ts';

/** RFC 8216 knows no length; ten seconds are the contract's. */
export const SEGMENT_SEC = 10;
/** A player that seeks decodes from the last key frame; five of them in a segment keep that short. */
export const KEY_FRAME_SEC = 2;
export const SOUND_RATE_HZ = 48_000;

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

/** Files in the workspace, by what they are. */
export const HLS_FILES = {
  playlist: (rendition: string) => `${rendition}/playlist.m3u8`,
  /** FFmpeg puts the number in. */
  segments: (rendition: string, runId: string) => `${rendition}/${runId}-%05d.ts`,
  posterCandidate: (place: number) => `candidate-${place + 1}.jpg`,
  posterCandidates: 'candidate-%d.jpg',
  posterStats: 'candidates.grey',
  storyboard: 'storyboard.jpg',
} as const;

/**
 * The arguments of one FFmpeg that decodes once and writes every rendition of a pass, and the still pictures beside
 * them. All names are ours, relative to the workspace.
 */
export function buildHlsArgv(encode: HlsEncode): string[] {
  const { sourceName, guard, source, renditions, decoderThreads, poster, storyboard } = encode;
  const { picture } = source;
  const decoder = picture?.decoder ? [`-c:${picture.index}`, picture.decoder] : [];
  return [
    ...[...QUIET, '-progress', 'pipe:3', '-stats_period', '0.5'],
    // Not -xerror: a scratch in a recording must not cost the recording. Half of it must be readable.
    ...['-max_error_rate', '0.5'],
    ...[...buildInputGuard(guard), '-fflags', '+genpts', '-threads', String(decoderThreads), ...decoder],
    ...['-i', `file:${sourceName}`, '-filter_complex', buildGraph(encode)],
    ...renditions.flatMap((rendition, index) => buildRenditionArgs(encode, rendition, index)),
    ...(picture && poster ? buildPosterArgs() : []),
    ...(picture && storyboard ? buildStoryboardArgs() : []),
  ];
}

/** Named pads: `v0`, `v1`, … and `a0`, `a1`, … for the renditions, `poster`, `stats`, `storyboard` for the stills. */
function buildGraph({ source, renditions, poster, storyboard }: HlsEncode): string {
  const { picture, sound, durationSec } = source;
  return [
    ...(picture ? buildPictureGraph(picture, renditions, durationSec, { poster, storyboard }) : []),
    ...(sound ? buildSoundGraph(sound.index, renditions.length, durationSec) : []),
  ].join(';');
}

function buildPictureGraph(
  picture: PictureTrack,
  renditions: readonly Rendition[],
  durationSec: number,
  { poster, storyboard }: Pick<HlsEncode, 'poster' | 'storyboard'>,
): string[] {
  const [top, ...lower] = renditions;
  const filters = buildPictureFilters(picture, top!, durationSec).join(',');
  const pads = ['[v0]', ...lower.map((_, index) => `[s${index + 1}]`)];
  const stillPads = [...(poster ? ['[p]'] : []), ...(storyboard ? ['[b]'] : [])];
  const all = [...pads, ...stillPads];
  const scales = lower.map(
    ({ width, height }, index) => `[s${index + 1}]scale=${width}:${height},setsar=1[v${index + 1}]`,
  );
  return [
    `[0:${picture.index}]${filters},split=${all.length}${all.join('')}`,
    ...scales,
    ...(poster ? buildPosterGraph(poster) : []),
    ...(storyboard ? [buildStoryboardGraph(storyboard)] : []),
  ];
}

function buildPosterGraph({ candidates, width, height }: PosterPlan): string[] {
  const wanted = candidates.map((frame) => `eq(n,${frame})`).join('+');
  return [
    `[p]select='${wanted}',split[p1][p2]`,
    `[p1]scale=${width}:${height}:out_range=pc:out_color_matrix=bt601,format=yuvj420p[poster]`,
    `[p2]scale=${STATS_SIDE}:${STATS_SIDE}:out_range=tv,format=gray[stats]`,
  ];
}

function buildStoryboardGraph({ tile, columns, rows, everyFrames }: StoryboardPlan): string {
  const small = `scale=${tile.width}:${tile.height}:out_range=pc:out_color_matrix=bt601,format=yuvj420p`;
  return `[b]select='not(mod(n,${everyFrames}))',${small},tile=${columns}x${rows}[storyboard]`;
}

/**
 * From zero to the end, whatever the recording has: silence where sound starts late or ends early, gaps filled, drift
 * against the time stamps taken out.
 */
function buildSoundGraph(index: number, renditionCount: number, durationSec: number): string[] {
  const pads = Array.from({ length: renditionCount }, (_, rendition) => `[a${rendition}]`).join('');
  const filters = [
    `aresample=${SOUND_RATE_HZ}:async=1:first_pts=0`,
    'aformat=sample_fmts=fltp:channel_layouts=stereo',
    `apad=whole_dur=${durationSec.toFixed(6)}`,
    `asplit=${renditionCount}`,
  ];
  return [`[0:${index}]${filters.join(',')}${pads}`];
}

function buildRenditionArgs(encode: HlsEncode, rendition: Rendition, index: number): string[] {
  const { source, settings, runId } = encode;
  const { picture, sound, durationSec } = source;
  return [
    ...(picture && settings ? ['-map', `[v${index}]`, ...buildX264Args(encode, settings, picture, rendition)] : []),
    ...(sound ? ['-map', `[a${index}]`, '-c:a', 'aac', '-b:a', `${rendition.audioKbps}k`] : []),
    ...['-t', durationSec.toFixed(6), '-map_metadata', '-1', '-map_chapters', '-1', '-sn', '-dn'],
    ...['-max_muxing_queue_size', '4096', '-f', 'hls', '-hls_time', String(SEGMENT_SEC), '-hls_playlist_type', 'vod'],
    ...['-hls_flags', 'independent_segments', '-hls_list_size', '0'],
    ...['-hls_segment_filename', `file:${HLS_FILES.segments(rendition.name, runId)}`],
    `file:${HLS_FILES.playlist(rendition.name)}`,
  ];
}

/** Key frames at the same times in every rendition, because only time decides: no scene cut adds one. */
function buildX264Args(
  { preset }: HlsEncode,
  settings: X264Settings,
  picture: PictureTrack,
  { crf, bitrateKbps }: Rendition,
): string[] {
  const tags = outputTags(picture.colour);
  const keyint = Math.ceil(framesPerSec(picture.frameRate) * KEY_FRAME_SEC) + 1;
  return [
    ...['-c:v', 'libx264', '-profile:v', 'high', '-preset', preset, '-crf', String(crf), '-fps_mode', 'passthrough'],
    // A buffer of one second: within a segment of ten, the ceiling is exceeded by a tenth at most.
    ...['-maxrate', `${bitrateKbps}k`, '-bufsize', `${bitrateKbps}k`],
    ...['-force_key_frames', `expr:gte(t,n_forced*${KEY_FRAME_SEC})`],
    ...['-x264-params', buildX264Params(settings, { keyint, scenecut: 0 })],
    ...[
      '-colorspace',
      tags.matrix,
      '-color_primaries',
      tags.primaries,
      '-color_trc',
      tags.transfer,
      '-color_range',
      'tv',
    ],
  ];
}

function buildPosterArgs(): string[] {
  return [
    ...[
      '-map',
      '[poster]',
      '-fps_mode',
      'passthrough',
      ...JPEG_85,
      '-f',
      'image2',
      `file:${HLS_FILES.posterCandidates}`,
    ],
    ...['-map', '[stats]', '-fps_mode', 'passthrough', '-c:v', 'rawvideo', '-f', 'rawvideo'],
    `file:${HLS_FILES.posterStats}`,
  ];
}

function buildStoryboardArgs(): string[] {
  return [
    ...['-map', '[storyboard]', '-fps_mode', 'passthrough', '-frames:v', '1', ...JPEG_85],
    ...['-f', 'image2', '-update', '1', `file:${HLS_FILES.storyboard}`],
  ];
}
