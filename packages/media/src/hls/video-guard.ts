import { open } from 'node:fs/promises';
import { JobError } from '@tapedeck/contracts';
import type { InputGuard } from '../ffmpeg/arguments.ts';

/**
 * What phones, cameras, editors and recorders write. No playlist format, nothing that opens a second file, no image
 * list. A long whitelist on purpose: each decoder in it is one that people's files need.
 */
const FORMATS = [
  ...['mov,mp4,m4a,3gp,3g2,mj2', 'matroska,webm', 'avi', 'mpegts', 'mpeg', 'flv', 'asf', 'ogg', 'mxf', 'dv', 'ivf'],
  ...['h264', 'hevc', 'gif', 'wav', 'mp3', 'aac', 'flac', 'aiff', 'caf', 'amr', 'ac3'],
];

const PICTURE_CODECS = [
  ...[
    'h264',
    'hevc',
    'libdav1d',
    'vp8',
    'vp9',
    'libvpx',
    'libvpx-vp9',
    'mpeg4',
    'mpeg2video',
    'mpeg1video',
    'mpegvideo',
  ],
  ...['h263', 'flv', 'theora', 'vc1', 'wmv1', 'wmv2', 'wmv3', 'msmpeg4v1', 'msmpeg4v2', 'msmpeg4', 'svq1', 'svq3'],
  ...['prores', 'dnxhd', 'dvvideo', 'mjpeg', 'qtrle', 'png', 'bmp', 'webp', 'gif', 'rawvideo', 'v210'],
];

const SOUND_CODECS = [
  ...[
    'aac',
    'aac_latm',
    'mp3float',
    'mp3',
    'mp2float',
    'mp2',
    'ac3',
    'eac3',
    'dca',
    'truehd',
    'mlp',
    'opus',
    'vorbis',
    'flac',
    'alac',
  ],
  ...['wmav1', 'wmav2', 'wmapro', 'amrnb', 'amrwb', 'adpcm_ima_wav', 'adpcm_ima_qt', 'adpcm_ms', 'adpcm_swf', 'qdm2'],
  ...['pcm_u8', 'pcm_s8', 'pcm_s16le', 'pcm_s16be', 'pcm_s24le', 'pcm_s24be', 'pcm_s32le', 'pcm_s32be'],
  ...['pcm_f32le', 'pcm_f32be', 'pcm_f64le', 'pcm_f64be', 'pcm_mulaw', 'pcm_alaw', 'pcm_dvd', 'pcm_bluray'],
];

/** Never shown, but ffprobe opens a decoder for every stream and gives up on a file where it may not. */
const TEXT_CODECS = [
  ...[
    'mov_text',
    'subrip',
    'srt',
    'ass',
    'ssa',
    'webvtt',
    'text',
    'dvdsub',
    'dvbsub',
    'pgssub',
    'xsub',
    'cc_dec',
    'libzvbi_teletextdec',
  ],
];

export function buildVideoGuard(maxPixels: number): InputGuard {
  return { formats: FORMATS, codecs: [...PICTURE_CODECS, ...SOUND_CODECS, ...TEXT_CODECS], maxPixels };
}

/** How playlists begin: HLS, DASH and its kin, FFmpeg's concat, winamp's, session descriptions. */
const PLAYLIST =
  /^\uFEFF?\s*(?:#EXTM3U|ffconcat\s|\[playlist\]|\[Reference\]|v=0\r?\n|(?:<\?xml[^>]*>\s*)?(?:<!--[^]*?-->\s*)?<(?:MPD|SmoothStreamingMedia|smil|asx|playlist)\b)/i;
const HEAD_BYTES = 1024;

/**
 * A playlist under another name gets an answer of its own. This is courtesy, not the guard: FFmpeg's whitelists of
 * formats and protocols hold whatever the file looks like.
 * @throws JobError MEDIA_PLAYLIST_REFUSED
 */
export async function assertNoPlaylist(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    if (PLAYLIST.test(buffer.toString('utf8', 0, bytesRead))) throw new JobError('MEDIA_PLAYLIST_REFUSED');
  } finally {
    await file.close();
  }
}
