import { expect, test } from '@jest/globals';
import { parse, type types } from 'hls-parser';
import { measureBandwidth } from './measure-rendition.ts';
import { buildMasterPlaylist, buildMediaPlaylist } from './playlists.ts';

const segment = (durationSec: number, kilobits: number) => ({ durationSec, sizeBytes: kilobits * 125 });

test('the peak is that of the worst run of half to one and a half target durations', () => {
  const { peakBandwidth, averageBandwidth } = measureBandwidth(
    [segment(10, 1000), segment(10, 3000), segment(2, 500)],
    10,
  );
  // The last segment is too short to count alone, but it belongs to a run of twelve seconds.
  expect(peakBandwidth).toBe(300_000);
  expect(averageBandwidth).toBe(Math.ceil(4_500_000 / 22));
});

test('a short and heavy end counts together with what is before it', () => {
  expect(measureBandwidth([segment(10, 1000), segment(4, 4000)], 10).peakBandwidth).toBe(Math.ceil(5_000_000 / 14));
});

test('a stream shorter than that has its own rate as its peak', () => {
  expect(measureBandwidth([segment(0.3, 300)], 1)).toEqual({ peakBandwidth: 1_000_000, averageBandwidth: 1_000_000 });
});

test('the master names every rendition with what a player chooses by', () => {
  const text = buildMasterPlaylist([
    {
      name: '720p',
      size: { width: 1280, height: 720 },
      frameRate: { numerator: 30000, denominator: 1001 },
      codecs: 'avc1.64001f,mp4a.40.2',
      peakBandwidth: 2_000_000,
      averageBandwidth: 1_500_000,
      playlistName: '720p/playlist.m3u8',
      segments: [],
    },
  ]);
  const { variants, independentSegments, version } = parse(text) as types.MasterPlaylist;
  expect({ independentSegments, version }).toEqual({ independentSegments: true, version: 6 });
  expect(variants[0]).toMatchObject({
    uri: '720p/playlist.m3u8',
    bandwidth: 2_000_000,
    averageBandwidth: 1_500_000,
    codecs: 'avc1.64001f,mp4a.40.2',
    resolution: { width: 1280, height: 720 },
    frameRate: 29.97,
  });
});

test.each([
  { secs: [10, 10.4, 2], target: 10 },
  { secs: [10.5], target: 11 },
  { secs: [1 / 30], target: 1 },
])('a media playlist of $secs seconds has a target duration of $target s', ({ secs, target }) => {
  const segments = secs.map((durationSec, index) => ({ uri: `${index}.ts`, durationSec, sizeBytes: 188 }));
  const text = buildMediaPlaylist(segments);
  const playlist = parse(text) as types.MediaPlaylist;
  expect(playlist).toMatchObject({ targetDuration: target, playlistType: 'VOD', endlist: true, version: 6 });
  expect(text).toContain('#EXT-X-INDEPENDENT-SEGMENTS\n');
  expect(playlist.segments.map(({ uri, duration }) => [uri, duration])).toEqual(
    segments.map(({ uri, durationSec }) => [uri, Number(durationSec.toFixed(6))]),
  );
});
