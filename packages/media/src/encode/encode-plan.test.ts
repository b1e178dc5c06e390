import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { estimateEncodeBytes, planEncode } from './encode-plan.ts';

const MIB = 1024 * 1024;
const needs = {
  output: { width: 3840, height: 2880 },
  input: { width: 640, height: 480 },
  preset: 'medium' as const,
  threads: 2,
};

describe('the plan', () => {
  test('is the preset’s own while memory allows, but for the lookahead', () => {
    expect(planEncode({ ...needs, budgetBytes: undefined })).toMatchObject({
      lookahead: 10,
      references: 3,
      bFrames: 3,
      threads: 2,
      slicedThreads: false,
      reducedForMemory: false,
    });
  });

  test('of a 3840x2880 tape fits a worker of 1 GiB, and says that it was reduced', () => {
    const budgetBytes = 0.7 * 1024 * MIB;
    const plan = planEncode({ ...needs, budgetBytes });
    expect(plan).toMatchObject({ reducedForMemory: true, slicedThreads: true, budgetBytes });
    expect(plan.estimatedBytes).toBeLessThanOrEqual(budgetBytes);
  });

  test('never exceeds its budget, and more memory never makes it worse', () => {
    const budget = fc.integer({ min: 500 * MIB, max: 3000 * MIB });
    fc.assert(
      fc.property(budget, budget, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((budgetBytes) =>
          planEncode({ ...needs, budgetBytes }),
        );
        expect(less!.estimatedBytes).toBeLessThanOrEqual(Math.min(a, b));
        expect(more!.lookahead).toBeGreaterThanOrEqual(less!.lookahead);
        expect(more!.references).toBeGreaterThanOrEqual(less!.references);
      }),
    );
  });

  test('that cannot fit at all is an error with both figures', () => {
    expect(() => planEncode({ ...needs, budgetBytes: 200 * MIB })).toThrow(
      expect.objectContaining({
        code: 'ENCODE_MEMORY_INSUFFICIENT',
        message: expect.stringMatching(/3840x2880 needs \d+ MiB, the budget is 200 MiB/),
      }),
    );
  });
});

/** Peak resident memory of real encodes in MB: with FFmpeg 7.1, the last one with 5.1. */
const large = { width: 3840, height: 2880 };
const small = { width: 1920, height: 1440 };
const full = { lookahead: 10, references: 3, bFrames: 3, threads: 2, slicedThreads: false };
const MEASURED = [
  { output: large, settings: full, megabytes: 1259 },
  { output: large, settings: { ...full, slicedThreads: true, lookahead: 5 }, megabytes: 872 },
  { output: large, settings: { ...full, slicedThreads: true, lookahead: 2, bFrames: 0 }, megabytes: 670 },
  { output: small, settings: full, megabytes: 391 },
  { output: small, preset: 'veryslow' as const, settings: { ...full, references: 16, bFrames: 8 }, megabytes: 857 },
];

test.each(MEASURED)(
  'the estimate for $settings is not below what was measured, and not far above',
  ({ output, settings, megabytes, preset = 'medium' as const }) => {
    const estimate = estimateEncodeBytes(settings, { output, preset, input: { width: 640, height: 480 } });
    expect(estimate).toBeGreaterThanOrEqual(megabytes * 1e6);
    expect(estimate).toBeLessThanOrEqual(megabytes * 1e6 * 1.15);
  },
);
