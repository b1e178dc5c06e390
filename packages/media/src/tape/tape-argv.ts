import type { FrameSize, X264Preset } from '@tapedeck/contracts';
import type { EncodePlan } from '../encode/encode-plan.ts';
import { buildX264Params } from '../encode/x264-settings.ts';
import { buildInputGuard, STRICT } from '../ffmpeg/arguments.ts';
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
  /** The most that a decoder may allocate: what the largest frame's header says. */
  maxPixels: number;
  /** A ceiling for the picture's bitrate, where the file must not exceed a size. */
  maxVideoBitsPerSec?: number;
}

const FRAME_CODECS = ['png', 'webp'];
/** Also what ffprobe may open when it looks at a soundtrack. */
export const SOUNDTRACK_GUARD = {
  formats: ['wav', 'matroska', 'webm'],
  codecs: ['pcm_s16le', 'pcm_s24le', 'pcm_f32le', 'opus', 'vorbis'],
};

/** The arguments of the FFmpeg that makes a tape's MP4. All names are ours, relative to the workspace. */
export function buildTapeArgv(encode: TapeEncode): string[] {
  const { soundtrackName, timeline, outputName, listName, maxPixels } = encode;
  const formats = ['concat', 'png_pipe', 'webp_pipe', 'image2'];
  return [
    ...[...STRICT, '-progress', 'pipe:3', '-stats_period', '0.5'],
    ...buildInputGuard({ formats, codecs: FRAME_CODECS, maxPixels }),
    // One decoder thread: frame threads would hold a decoded picture each, and the encoder is the limit anyway.
    ...['-f', 'concat', '-safe', '0', '-threads', '1', '-i', `file:${listName}`],
    ...(soundtrackName ? [...buildInputGuard(SOUNDTRACK_GUARD), '-vn', '-i', `file:${soundtrackName}`] : []),
    ...['-map', '0:v:0', '-filter:v', buildPictureFilter(encode)],
    ...(soundtrackName ? buildSoundArgs() : []),
    ...buildVideoCodecArgs(encode),
    ...buildTimingArgs(timeline),
    ...['-t', timeline.durationSec.toFixed(6), '-map_metadata', '-1', '-fflags', '+bitexact', '-flags:v', '+bitexact'],
    ...['-movflags', '+faststart', '-f', 'mp4', `file:${outputName}`],
  ];
}

export const AUDIO_BITS_PER_SEC = 160_000;

/** Padded with silence and cut by `-t`: the sound follows the picture's length, never the other way round. */
function buildSoundArgs(): string[] {
  return ['-map', '1:a:0', '-af', 'apad', '-c:a', 'aac', '-b:a', String(AUDIO_BITS_PER_SEC), '-ac', '2'];
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

/** What recorders reach at most. */
const NOMINAL_EXACT_FPS = 60;

/** How much of the bitrate ceiling a burst may borrow. Short, because a tape is short and its size limit is hard. */
export const CEILING_BUFFER_SEC = 0.5;

function buildVideoCodecArgs({ crf, preset, plan, timeline, maxVideoBitsPerSec }: TapeEncode): string[] {
  // From the fine time base x264 would conclude thousands of frames a second, and a level that no decoder takes.
  const x264 = buildX264Params(plan, timeline.mode === 'exact' ? { fps: NOMINAL_EXACT_FPS } : {});
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
