import { JobError } from '@tapedeck/contracts';

/** @throws JobError ENCODE_OUTPUT_INVALID naming what was expected and what is there. */
export function expect(holds: boolean, what: string, expected: unknown, got: unknown): asserts holds {
  if (holds) return;
  throw new JobError('ENCODE_OUTPUT_INVALID', `${what}: expected ${String(expected)}, got ${String(got)}`, {
    details: { what, expected, got },
  });
}
