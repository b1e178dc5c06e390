import { describe, expect, test } from '@jest/globals';
import { resolveLadder, type LadderName } from '@tapedeck/contracts';
import fc from 'fast-check';
import { parseProbe } from '../ffmpeg/probe.ts';
import { estimateHlsBytes, planHlsEncode, type HlsEncodeNeeds } from './hls-plan.ts';
import { chooseRenditions } from './renditions.ts';
import { describeSource } from './source.ts';

const MIB = 1024 * 1024;
const HD = { width: 1920, height: 1080 };
const UHD = { width: 3840, height: 2160 };

function needsOf(stream: object, ladder: LadderName, budgetBytes?: number): HlsEncodeNeeds {
  const video = { index: 0, codec_type: 'video', codec_name: 'h264', pix_fmt: 'yuv420p', ...HD, ...stream };
  const scanned = { packets: 300, startSec: 0, endSec: 10, shortestUsualGapSec: 1 / 30, hasPts: true };
  const probe = parseProbe({ streams: [{ ...video, r_frame_rate: '30/1', avg_frame_rate: '30/1' }], format: {} });
  const picture = describeSource(probe, new Map([[0, scanned]])).picture!;
  const { preset, rungs } = resolveLadder(ladder);
  return { picture, renditions: chooseRenditions(picture.display, { preset, rungs }), preset, threads: 2, budgetBytes };
}

describe('the plan', () => {
  test('encodes all renditions at once with the preset’s settings while memory allows', () => {
    expect(planHlsEncode(needsOf({}, 'web'))).toMatchObject({
      settings: { lookahead: 20, references: 2, bFrames: 3, threads: 2, slicedThreads: false },
      decoderThreads: 2,
      passes: [[{ name: 'high' }, { name: 'medium' }, { name: 'low' }]],
      reducedForMemory: false,
    });
  });

  test.each([
    { what: '1080p, mobile, 512 MiB', stream: {}, ladder: 'mobile', containerMib: 512 },
    { what: '1080p, web, 1 GiB', stream: {}, ladder: 'web', containerMib: 1024 },
    {
      what: '4K HEVC, mobile-1080, 1 GiB',
      stream: { ...UHD, codec_name: 'hevc' },
      ladder: 'mobile-1080',
      containerMib: 1024,
    },
  ] as const)('$what: one pass, with some lookahead', ({ stream, ladder, containerMib }) => {
    const plan = planHlsEncode(needsOf(stream, ladder, 0.7 * containerMib * MIB));
    expect(plan.passes).toHaveLength(1);
    expect(plan.settings.lookahead).toBeGreaterThan(0);
  });

  test('encodes one rendition after the other where they do not fit together', () => {
    const needs = needsOf({}, 'mobile-1080');
    const smallest = planHlsEncode({ ...needs, budgetBytes: 260e6 });
    expect(smallest.passes.map((pass) => pass.map(({ name }) => name))).toEqual([['1080p'], ['720p'], ['480p']]);
  });

  test('never exceeds its budget, and more memory never means more passes or less lookahead', () => {
    const budget = fc.integer({ min: 400 * MIB, max: 2000 * MIB });
    const needs = needsOf({}, 'web');
    fc.assert(
      fc.property(budget, budget, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((budgetBytes) =>
          planHlsEncode({ ...needs, budgetBytes }),
        );
        expect(less!.estimatedBytes).toBeLessThanOrEqual(Math.min(a, b));
        expect(more!.passes.length).toBeLessThanOrEqual(less!.passes.length);
        expect(more!.settings.lookahead).toBeGreaterThanOrEqual(less!.settings.lookahead);
      }),
    );
  });

  test('that cannot fit at all is an error with both figures', () => {
    expect(() => planHlsEncode(needsOf(UHD, 'mobile', 100 * MIB))).toThrow(
      expect.objectContaining({
        code: 'ENCODE_MEMORY_INSUFFICIENT',
        message: expect.stringMatching(/h264 of 3840x2160 needs \d+ MiB, the budget is 100 MiB/),
      }),
    );
  });
});

/** Peak resident memory of FFmpeg 7.1 in MB: `mobile`, two threads, with all settings and with the smallest. */
const hdr = { codec_name: 'hevc', pix_fmt: 'yuv420p10le', color_transfer: 'smpte2084', color_space: 'bt2020nc' };
const MEASURED = [
  { what: 'H.264 720p', stream: { width: 1280, height: 720, refs: 4 }, full: 286, smallest: 178 },
  { what: 'H.264 1080p', stream: { refs: 4 }, full: 322, smallest: 197 },
  { what: 'H.264 2160p', stream: { ...UHD, refs: 4 }, full: 400, smallest: 308 },
  { what: 'HEVC 1080p', stream: { codec_name: 'hevc' }, full: 314, smallest: 210 },
  { what: 'HEVC 2160p', stream: { ...UHD, codec_name: 'hevc' }, full: 388, smallest: 287 },
  { what: 'HDR 1080p', stream: hdr, full: 430, smallest: 327 },
  { what: 'HDR 2160p', stream: { ...UHD, ...hdr }, full: 620, smallest: 491 },
  { what: 'AV1 1080p', stream: { codec_name: 'av1' }, full: 331, smallest: 227 },
  { what: 'VP9 1080p', stream: { codec_name: 'vp9' }, full: 305, smallest: 197 },
  { what: 'ProRes 1080p', stream: { codec_name: 'prores', pix_fmt: 'yuv422p10le' }, full: 332, smallest: 208 },
  { what: 'ProRes 4444 1080p', stream: { codec_name: 'prores', pix_fmt: 'yuva444p10le' }, full: 486, smallest: 370 },
  { what: 'MPEG-2 1080i', stream: { codec_name: 'mpeg2video', field_order: 'tt' }, full: 328, smallest: 228 },
];

test.each(MEASURED)('$what takes no more than is estimated, and not much less', ({ stream, full, smallest }) => {
  const needs = needsOf(stream, 'mobile');
  const plan = planHlsEncode(needs);
  const least = { ...plan.settings, slicedThreads: true, lookahead: 0, references: 1, bFrames: 0 };
  for (const { settings, megabytes } of [
    { settings: plan.settings, megabytes: full },
    { settings: least, megabytes: smallest },
  ]) {
    const estimate = estimateHlsBytes({ ...plan, settings }, needs);
    expect(estimate).toBeGreaterThanOrEqual(megabytes * 1e6 * 0.98);
    expect(estimate).toBeLessThanOrEqual(megabytes * 1e6 * 1.4);
  }
});
