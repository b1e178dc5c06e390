import type { Probe, ProbedStream } from '../ffmpeg/probe.ts';
import { expect } from './expect.ts';
import type { ExpectedRendition } from './hls-expected.ts';

/** Our own playlists, opened from disk: FFmpeg follows them to our own segments and nowhere else. */
export const STREAM_GUARD = { formats: ['hls', 'mpegts'], codecs: ['h264', 'aac'] };
export function findStream({ streams }: Probe, type: 'video' | 'audio'): ProbedStream | undefined {
  return streams.find((stream) => stream.codec_type === type);
}

export function assertStreams(probe: Probe, { name, picture }: ExpectedRendition, hasSound: boolean): void {
  const video = findStream(probe, 'video');
  const audio = findStream(probe, 'audio');
  expect(Boolean(video) === Boolean(picture), `${name}: picture`, Boolean(picture), Boolean(video));
  expect(Boolean(audio) === hasSound, `${name}: sound`, hasSound, Boolean(audio));
  if (video && picture) {
    const size = `${picture.width}x${picture.height}`;
    expect(video.codec_name === 'h264', `${name}: codec`, 'h264', video.codec_name);
    expect(/^(?:High|Main)$/.test(video.profile ?? ''), `${name}: profile`, 'High or Main', video.profile);
    expect(video.pix_fmt === 'yuv420p', `${name}: pixel format`, 'yuv420p', video.pix_fmt);
    expect(`${video.width}x${video.height}` === size, `${name}: size`, size, `${video.width}x${video.height}`);
    expect(video.color_space === picture.matrix, `${name}: matrix`, picture.matrix, video.color_space);
    expect(isSquare(video), `${name}: pixels`, 'square', video.sample_aspect_ratio);
  }
  if (audio) {
    const got = `${audio.codec_name} ${audio.profile} ${audio.sample_rate} Hz, ${audio.channels} channels`;
    const isRight = got === 'aac LC 48000 Hz, 2 channels';
    expect(isRight, `${name}: sound`, 'aac LC 48000 Hz, 2 channels', got);
  }
}

function isSquare({ sample_aspect_ratio: ratio }: ProbedStream): boolean {
  return ratio === undefined || ratio === '1:1' || ratio === '0:1';
}
