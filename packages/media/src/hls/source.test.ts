import { describe, expect, test } from '@jest/globals';
import { parseProbe } from '../ffmpeg/probe.ts';
import type { ScannedStream } from './scan-source.ts';
import { describeSource, type Source } from './source.ts';

const scanned = (changes: Partial<ScannedStream> = {}): ScannedStream => ({
  packets: 300,
  startSec: 0,
  endSec: 10,
  shortestUsualGapSec: 1 / 30,
  hasPts: true,
  ...changes,
});
const video = (changes: object = {}) => ({
  ...{ index: 0, codec_type: 'video', codec_name: 'h264', pix_fmt: 'yuv420p', width: 1920, height: 1080 },
  ...{ r_frame_rate: '30/1', avg_frame_rate: '30/1', disposition: { default: 1 } },
  ...changes,
});
const sound = (changes: object = {}) => ({
  ...{
    index: 1,
    codec_type: 'audio',
    codec_name: 'aac',
    sample_rate: '48000',
    channels: 2,
    disposition: { default: 1 },
  },
  ...changes,
});
const describeStreams = (
  streams: { index: number }[],
  format: object = {},
  scans: Record<number, ScannedStream> = {},
  programs: object[] = [],
): Source =>
  describeSource(
    parseProbe({ streams, programs, format: { format_name: 'avi', start_time: '0', ...format } }),
    new Map(streams.map(({ index }) => [index, scans[index] ?? scanned()])),
  );

/** As ffprobe prints it. */
const displayMatrix = (a: number, b: number, c: number, d: number): string =>
  [
    [a, b, 0],
    [c, d, 0],
    [0, 0, 2 ** 14],
  ]
    .map((row, index) => `\n0000000${index}: ${row.map((value) => String(value * 2 ** 16).padStart(12)).join('')}`)
    .join('');
const CLOCKWISE = displayMatrix(0, 1, -1, 0);
const UPSIDE_DOWN = displayMatrix(-1, 0, 0, -1);
const SLANTED = displayMatrix(0.7, 0.7, -0.7, 0.7);

describe('the display size', () => {
  test.each([
    { what: 'square pixels', changes: {}, size: [1920, 1080] },
    { what: 'anamorphic PAL', changes: { width: 720, height: 576, sample_aspect_ratio: '64:45' }, size: [1024, 576] },
    { what: 'a phone held upright', changes: { side_data_list: [{ displaymatrix: CLOCKWISE }] }, size: [1080, 1920] },
    { what: 'upside down', changes: { side_data_list: [{ displaymatrix: UPSIDE_DOWN }] }, size: [1920, 1080] },
    {
      what: 'anamorphic and turned',
      changes: { width: 1440, sample_aspect_ratio: '4:3', side_data_list: [{ displaymatrix: CLOCKWISE }] },
      size: [1080, 1920],
    },
    { what: 'a slanted picture', changes: { side_data_list: [{ displaymatrix: SLANTED }] }, size: [1920, 1080] },
    { what: 'a senseless aspect', changes: { sample_aspect_ratio: '1000:1' }, size: [1920, 1080] },
  ])('of $what', ({ changes, size: [width, height] }) => {
    expect(describeStreams([video(changes)]).picture!.display).toEqual({ width, height });
  });
});

test('the default track is taken, wherever it stands', () => {
  const streams = [video(), sound({ disposition: { default: 0 } }), sound({ index: 2 })];
  expect(describeStreams(streams).sound!.index).toBe(2);
});

test('a cover beside sound is no video', () => {
  const cover = video({ index: 0, codec_name: 'mjpeg', width: 300, height: 300, disposition: { attached_pic: 1 } });
  const source = describeStreams([cover, sound()]);
  expect(source.picture).toBeUndefined();
  expect(source.cover).toEqual({ index: 0, width: 300, height: 300 });
});

test('a track without packets is no track', () => {
  expect(describeStreams([video(), sound()], {}, { 1: scanned({ packets: 0 }) }).sound).toBeUndefined();
});

test('a picture that the index promises, without a packet, is lost: its sound alone is another recording', () => {
  expect(() => describeStreams([video({ duration: '3' }), sound()], {}, { 0: scanned({ packets: 0 }) })).toThrow(
    expect.objectContaining({ code: 'MEDIA_TRUNCATED' }),
  );
});

test('of several programmes, the sound is that of the picture’s', () => {
  const [radio, tv] = [sound({ index: 0 }), sound({ index: 2 })];
  const programs = [{ streams: [{ index: 0 }] }, { streams: [{ index: 1 }, { index: 2 }] }];
  const streams = [radio, video({ index: 1 }), tv];
  expect(describeStreams(streams, {}, {}, programs).sound!.index).toBe(2);
  expect(describeStreams(streams).sound!.index).toBe(0);
});

test.each([
  { channels: 6, channel_layout: '5.1', isMixable: true },
  { channels: 2, channel_layout: '2 channels (BL+BR)', isMixable: false },
  { channels: 16, channel_layout: '', isMixable: false },
])('sound of $channels channels as "$channel_layout" can be mixed: $isMixable', ({ isMixable, ...changes }) => {
  expect(describeStreams([sound(changes)]).sound).toMatchObject({ isMixable });
});

test('fields are only looked for in pictures that the deinterlacer takes', () => {
  const isInterlaced = (changes: object) => describeStreams([video(changes)]).picture!.isInterlaced;
  expect(isInterlaced({ field_order: 'tt' })).toBe(true);
  expect(isInterlaced({ field_order: 'tt', width: 2 })).toBe(false);
});

test('neither picture nor sound is refused', () => {
  expect(() => describeStreams([{ index: 0 }])).toThrow(expect.objectContaining({ code: 'MEDIA_UNRECOGNIZED' }));
});

test('the stream is as long as the longer track', () => {
  expect(describeStreams([video(), sound()], {}, { 1: scanned({ endSec: 12.5 }) }).durationSec).toBe(12.5);
});

test('times count from the file’s start, in a transport stream from what is used of it', () => {
  const late = { 0: scanned({ startSec: 5, endSec: 15 }), 1: scanned({ startSec: 4, endSec: 15 }) };
  expect(describeStreams([video(), sound()], { start_time: '4' }, late).durationSec).toBe(11);
  expect(describeStreams([video(), sound()], { format_name: 'mpegts', start_time: '1' }, late).durationSec).toBe(11);
});

test('packets that end before the index says are a truncated recording', () => {
  const whole = { format_name: 'mov,mp4,m4a,3gp,3g2,mj2', duration: '10.5' };
  expect(describeStreams([video()], whole).durationSec).toBe(10);
  expect(() => describeStreams([video()], { ...whole, duration: '30' })).toThrow(
    expect.objectContaining({
      code: 'MEDIA_TRUNCATED',
      message: expect.stringContaining('expected 30.0 s, got 10.0 s'),
    }),
  );
});

test('what the index says beyond the tracks, chapters for example, is not missed', () => {
  const chapters = { format_name: 'mov,mp4,m4a,3gp,3g2,mj2', duration: '60' };
  expect(describeStreams([video({ duration: '10' })], chapters).durationSec).toBe(10);
});

test('packets without times are counted', () => {
  const untimed = { 0: scanned({ startSec: undefined, endSec: undefined, packets: 90 }) };
  expect(describeStreams([video()], { start_time: 'N/A' }, untimed).durationSec).toBeCloseTo(3);
});

describe('colours', () => {
  const colourOf = (changes: object) => describeStreams([video(changes)]).picture!.colour;

  test('untagged video is what players guess by its size', () => {
    expect(colourOf({})).toMatchObject({ kind: 'sdr', source: { matrix: 'bt709' }, range: 'tv' });
    expect(colourOf({ width: 640, height: 480 })).toMatchObject({ kind: 'sdr', source: { matrix: 'smpte170m' } });
  });

  test('PQ knows how bright it gets', () => {
    const pq = {
      color_transfer: 'smpte2084',
      color_space: 'bt2020nc',
      color_primaries: 'bt2020',
      pix_fmt: 'yuv420p10le',
    };
    expect(colourOf(pq)).toMatchObject({ kind: 'pq', peakNits: 1000 });
    expect(colourOf({ ...pq, side_data_list: [{ max_luminance: '40000000/10000' }] })).toMatchObject({
      peakNits: 4000,
    });
    expect(
      colourOf({ ...pq, side_data_list: [{ max_luminance: '40000000/10000' }, { max_content: 600 }] }),
    ).toMatchObject({
      peakNits: 600,
    });
  });

  test.each([
    { changes: { color_transfer: 'arib-std-b67', color_space: 'bt2020nc' }, kind: 'hlg' },
    { changes: { color_space: 'bt2020nc', color_primaries: 'bt2020' }, kind: 'wide' },
    {
      changes: { color_transfer: 'smpte428', color_space: 'bt2020nc', color_primaries: 'bt2020' },
      kind: 'wide',
      source: { matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'bt709' },
    },
    {
      changes: { color_transfer: 'arib-std-b67', color_space: 'smpte240m', color_primaries: 'reserved' },
      kind: 'hlg',
      source: { matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'arib-std-b67' },
    },
    { changes: { pix_fmt: 'gbrp' }, kind: 'rgb' },
    { changes: { pix_fmt: 'yuvj420p' }, kind: 'sdr', range: 'pc' },
  ])('$changes are $kind', ({ changes, ...expected }) => {
    expect(colourOf(changes)).toMatchObject(expected);
  });
});
