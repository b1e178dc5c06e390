import { BT601, encodeCards, inColour, tone, VP8, type CardClip } from './clip.ts';
import { everyPicture, PLAIN, type VideoSource } from './source.ts';

const cards = (clip: Omit<CardClip, 'path'>): VideoSource['make'] => {
  return (path) => encodeCards({ ...clip, path });
};
const inFormat = (format: string) => inColour('bt709', format);

/** Half a second less of everything keeps the slow encoders short. */
const SHORT = { count: 30, inputs: tone(440, 1) };
const SHORT_PLAIN = { ...PLAIN, durationSec: 1, pictures: everyPicture(30, 30), sound: { hz: 440 } };
const X265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', '16', '-x265-params', 'log-level=none:pools=2'];

/** Every codec that recordings of the last twenty years come in. */
export const CODEC_SOURCES: Record<string, VideoSource> = {
  'H.264 in MP4': { file: 'plain.mp4', make: cards({}), expected: PLAIN },
  'H.264 of 10 bits': {
    file: 'ten-bit.mp4',
    make: cards({ colour: inFormat('yuv420p10le') }),
    expected: PLAIN,
  },
  'H.264 with all its colour (4:4:4)': {
    file: '444.mkv',
    make: cards({ colour: inFormat('yuv444p') }),
    expected: PLAIN,
  },
  'HEVC, as phones write it': {
    file: 'hevc.mov',
    make: cards({ video: [...X265, '-tag:v', 'hvc1'] }),
    expected: PLAIN,
  },
  'HEVC of 10 bits without HDR': {
    file: 'hevc10.mp4',
    make: cards({ video: [...X265, '-tag:v', 'hvc1'], colour: inFormat('yuv420p10le') }),
    expected: PLAIN,
  },
  'VP8 and Vorbis in WebM': {
    file: 'vp8.webm',
    make: cards({
      colour: BT601,
      video: VP8,
      audio: ['-c:a', 'libvorbis'],
    }),
    expected: PLAIN,
  },
  'VP9 and Opus in WebM': {
    file: 'vp9.webm',
    make: cards({
      video: ['-c:v', 'libvpx-vp9', '-b:v', '2M', '-deadline', 'realtime', '-cpu-used', '8', '-row-mt', '1'],
      audio: ['-c:a', 'libopus'],
    }),
    expected: PLAIN,
  },
  'AV1 in MP4': {
    file: 'av1.mp4',
    make: cards({ ...SHORT, video: ['-c:v', 'libsvtav1', '-preset', '12', '-crf', '20'] }),
    expected: SHORT_PLAIN,
  },
  'ProRes with PCM': {
    file: 'prores.mov',
    make: cards({
      video: ['-c:v', 'prores_ks', '-profile:v', 'standard'],
      colour: inFormat('yuv422p10le'),
      audio: ['-c:a', 'pcm_s24le'],
    }),
    expected: PLAIN,
  },
  'MPEG-4 part 2 with B pictures and MP3 in AVI': {
    file: 'xvid.avi',
    make: cards({
      colour: BT601,
      video: ['-c:v', 'mpeg4', '-q:v', '2', '-bf', '2', '-vtag', 'XVID'],
      audio: ['-c:a', 'libmp3lame'],
    }),
    expected: PLAIN,
  },
  // Without sound: FFmpeg shows such a file's pictures two later than they were meant, others do not.
  'H.264 with B pictures in AVI, which has no time stamps': {
    file: 'h264.avi',
    make: cards({ inputs: [], audio: [] }),
    expected: { ...PLAIN, sound: 'none', leadSec: 2 / 30 },
  },
  'WMV and WMA': {
    file: 'clip.wmv',
    make: cards({ colour: BT601, video: ['-c:v', 'wmv2', '-q:v', '2'], audio: ['-c:a', 'wmav2'] }),
    expected: PLAIN,
  },
  'Theora in Ogg': {
    file: 'clip.ogv',
    make: cards({ colour: BT601, video: ['-c:v', 'libtheora', '-q:v', '10'], audio: ['-c:a', 'libvorbis'] }),
    expected: PLAIN,
  },
  'H.264 in FLV': { file: 'clip.flv', make: cards({}), expected: PLAIN },
  'an animated GIF': {
    file: 'clip.gif',
    make: cards({
      ...{ fps: '20', count: 20, inputs: [], audio: [], video: ['-c:v', 'gif'] },
      colour: ['-filter_complex', '[0:v]split[a][b];[a]palettegen=stats_mode=single:max_colors=16[p];[b][p]paletteuse'],
    }),
    expected: { ...PLAIN, fps: 20, durationSec: 1, pictures: everyPicture(20, 20), sound: 'none' },
  },
};
