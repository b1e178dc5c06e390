import { expect, test } from '@jest/globals';
import { listUrls } from './result-urls.ts';

test('a tape has its MP4, and its poster where there is one', () => {
  const output = { mp4Url: 'https://a/a.mp4', duration: 1, size: 1, resolution: [2, 2] as [number, number] };
  expect(listUrls(output).map(({ label }) => label)).toEqual(['MP4']);
  expect(listUrls({ ...output, posterUrl: 'https://a/a.jpg' }).map(({ label }) => label)).toEqual(['MP4', 'Poster']);
});

test('a stream has its master, and every playlist with what it is', () => {
  const urls = listUrls({
    ...{ hlsUrl: 'https://a/master.m3u8', storyboardUrl: 'https://a/storyboard.vtt', duration: 1, size: 1 },
    resolution: [1280, 720],
    renditions: [
      { name: '720p', width: 1280, height: 720, bandwidth: 1_460_986, playlistUrl: 'https://a/720p/playlist.m3u8' },
      { name: 'audio', width: null, height: null, bandwidth: 128_000, playlistUrl: 'https://a/audio/playlist.m3u8' },
    ],
  });
  expect(urls.map(({ label, note }) => [label, note])).toEqual([
    ['Stream', 'the master playlist'],
    ['720p', '1280 × 720, 1461 kbit/s at most'],
    ['audio', 'sound, 128 kbit/s at most'],
    ['Storyboard', undefined],
  ]);
});
