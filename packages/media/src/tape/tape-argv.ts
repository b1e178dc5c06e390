import type { FrameSize, X264Preset } from '@tapedeck/contracts';
import type { EncodePlan } from '../encode/encode-plan.ts';
import { CFR_FPS, type Timeline } from './timeline.ts';

export interface TapeEncode {
  listName: string;
  soundtrackName: string | undefined;
  outputName: string;
  /** The first frame's size. Frames of another size are letterboxed to it. */
  frame: FrameSize;
  output: FrameSize;
  timeline: Pick<Timeline, 'mode' | 'ticksPerSec' | 'durationSec' | 'endTick' | 'shots'>;
  crf: number;
  preset: X264Preset;
  plan: EncodePlan;
  /** A ceiling for the picture's bitrate, where the file must not exceed a size. */
  maxVideoBitsPerSec?: number;
}

const TAPE_INPUT_FORMATS = ['concat', 'png_pipe', 'webp_pipe', 'image2', 'wav', 'matroska', 'webm'] as const;
const INPUT_CODECS = 'png,webp,pcm_s16le,pcm_s24le,pcm_f32le,opus,vorbis';

/** The arguments of the FFmpeg that makes a tape's MP4. All names are ours, relative to the workspace. */
export function buildTapeArgv(encode: TapeEncode): string[] {
  const { soundtrackName, timeline, outputName } = encode;
  const guard = [
    '-protocol_whitelist',
    'file',
    '-format_whitelist',
    TAPE_INPUT_FORMATS.join(','),
    '-codec_whitelist',
    INPUT_CODECS,
  ];
  return [
    ...[
      '-nostdin',
      '-y',
      '-hide_banner',
      '-nostats',
      '-v',
      'error',
      '-xerror',
      '-progress',
      'pipe:3',
      '-stats_period',
      '0.5',
    ],
    // One decoder thread: frame threads would hold a decoded picture each, and the encoder is the limit anyway.
    ...[...guard, '-f', 'concat', '-safe', '0', '-threads', '1', '-i', `file:${encode.listName}`],
    ...(soundtrackName ? [...guard, '-i', `file:${soundtrackName}`] : []),
    ...['-map', '0:v:0', '-filter:v', buildPictureFilter(encode)],
    ...(soundtrackName ? ['-map', '1:a:0', '-af', 'apad', '-c:a', 'aac', '-b:a', '160k', '-ac', '2'] : []),
    ...buildVideoCodecArgs(encode),
    ...buildTimingArgs(timeline),
    ...['-t', timeline.durationSec.toFixed(6), '-map_metadata', '-1', '-fflags', '+bitexact', '-flags:v', '+bitexact'],
    ...['-movflags', '+faststart', '-f', 'mp4', `file:${outputName}`],
  ];
}

/**
 * At the frame's own size: letterbox what differs, put transparency on black, convert to full-resolution YUV.
 * Only then scale, by nearest neighbour: converting 300,000 pixels instead of 11 million is what saves the time, and
 * for even factors the result is the same to the bit.
 *
 * Every filter here is stateless on purpose: FFmpeg rebuilds the graph when a frame's size or format changes, and a
 * filter with a memory (fps) would lose it.
 */
function buildPictureFilter({ frame, output }: TapeEncode): string {
  const { width, height } = frame;
  return [
    `scale=${width}:${height}:force_original_aspect_ratio=decrease:flags=neighbor`,
    'format=gbrap',
    'premultiply=inplace=1',
    `pad=${width}:${height}:-1:-1:black`,
    'scale=out_color_matrix=bt601:out_range=tv',
    'format=yuv444p',
    `scale=${output.width}:${output.height}:flags=neighbor`,
    'format=yuv420p',
    'setsar=1',
    // sRGB pictures through the BT.601 matrix, and said so: players guess BT.709 for large untagged video.
    'setparams=range=tv:colorspace=smpte170m:color_primaries=bt709:color_trc=iec61966-2-1',
  ].join(',');
}

/** How much of the bitrate ceiling a burst may borrow. Short, because a tape is short and its size limit is hard. */
export const CEILING_BUFFER_SEC = 0.5;

function buildVideoCodecArgs({ crf, preset, plan, maxVideoBitsPerSec }: TapeEncode): string[] {
  const { lookahead, references, bFrames, threads, slicedThreads } = plan;
  const x264 = [
    `rc-lookahead=${lookahead}`,
    `ref=${references}`,
    `bframes=${bFrames}`,
    `threads=${threads}`,
    `sliced-threads=${slicedThreads ? 1 : 0}`,
    ...(lookahead === 0 ? ['mbtree=0'] : []),
  ].join(':');
  const ceiling = maxVideoBitsPerSec
    ? ['-maxrate', String(maxVideoBitsPerSec), '-bufsize', String(Math.round(CEILING_BUFFER_SEC * maxVideoBitsPerSec))]
    : [];
  const tags = [
    '-colorspace',
    'smpte170m',
    '-color_primaries',
    'bt709',
    '-color_trc',
    'iec61966-2-1',
    '-color_range',
    'tv',
  ];
  return ['-c:v', 'libx264', '-preset', preset, '-crf', String(crf), '-x264-params', x264, ...ceiling, ...tags];
}

function buildTimingArgs(timeline: TapeEncode['timeline']): string[] {
  if (timeline.mode === 'cfr30') return ['-fps_mode', 'cfr', '-r', String(CFR_FPS)];
  const { ticksPerSec, endTick, shots } = timeline;
  const lastTick = shots.at(-1)!.startTick;
  // A still has no length of its own: without this the last picture would last one tick.
  const lastDuration = `setts=pts=PTS:dts=DTS:duration='if(gte(PTS,${lastTick}),${endTick - lastTick},DURATION)'`;
  return [
    ...[
      '-fps_mode',
      'passthrough',
      '-enc_time_base',
      `1/${ticksPerSec}`,
      '-video_track_timescale',
      String(ticksPerSec),
    ],
    ...['-bsf:v', lastDuration],
  ];
}
