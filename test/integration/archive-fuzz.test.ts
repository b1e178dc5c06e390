import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RECIPES, TAPE } from '../fixtures/archives/recipes.ts';
import { buildRawZip, extraField } from '../support/raw-zip.ts';
import { unpack } from '../support/unpack.ts';

const SEEDS = Object.entries(RECIPES)
  .filter(([name]) => name.startsWith('ok.'))
  .map(([, build]) => build());

/** Where the signatures are: local headers, directory entries, data descriptors, end records. */
function findStructures(zip: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = zip.indexOf('PK'); at >= 0; at = zip.indexOf('PK', at + 2)) offsets.push(at);
  return offsets;
}

type Mutation = (zip: Buffer) => Buffer;

const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const at = (zip: Buffer, fraction: number): number => Math.floor(fraction * zip.length);

const flip = fc.tuple(position, fc.integer({ min: 1, max: 255 })).map(([where, bits]): Mutation => {
  return (zip) => overwrite(zip, at(zip, where), [(zip[at(zip, where)] ?? 0) ^ bits]);
});

/** A field of a header, made a number that is extreme, or near to one that is right. */
const EXTREMES = [0, 1, 2, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const field = fc
  .record({
    which: position,
    fieldOffset: fc.integer({ min: 0, max: 60 }),
    bytes: fc.constantFrom(1, 2, 4, 8),
    value: fc.oneof(fc.constantFrom(...EXTREMES), fc.integer({ min: 0, max: 1000 })),
  })
  .map(({ which, fieldOffset, bytes, value }): Mutation => {
    const digits = Buffer.alloc(8, value === 0xffffffff ? 0xff : 0);
    digits.writeUInt32LE(value);
    return (zip) => {
      const structures = findStructures(zip);
      const start = structures[Math.floor(which * structures.length)] ?? 0;
      return overwrite(zip, start + fieldOffset, [...digits.subarray(0, bytes)]);
    };
  });

const truncate = position.map(
  (where): Mutation =>
    (zip) =>
      zip.subarray(0, at(zip, where)),
);

/** A range of another tape, or of itself, put in or over. */
const splice = fc
  .record({
    from: position,
    length: fc.integer({ min: 1, max: 200 }),
    to: position,
    over: fc.boolean(),
    donor: position,
  })
  .map(({ from, length, to, over, donor }): Mutation => {
    return (zip) => {
      const source = SEEDS[Math.floor(donor * SEEDS.length)]!;
      const piece = source.subarray(at(source, from), at(source, from) + length);
      const end = at(zip, to) + (over ? piece.length : 0);
      return Buffer.concat([zip.subarray(0, at(zip, to)), piece, zip.subarray(end)]);
    };
  });

const remove = fc.tuple(position, fc.integer({ min: 1, max: 60 })).map(([where, length]): Mutation => {
  return (zip) => Buffer.concat([zip.subarray(0, at(zip, where)), zip.subarray(at(zip, where) + length)]);
});

function overwrite(zip: Buffer, offset: number, bytes: number[]): Buffer {
  const changed = Buffer.from(zip);
  changed.set(bytes.slice(0, Math.max(0, changed.length - offset)), Math.min(offset, changed.length));
  return changed;
}

const mutations = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: field },
    { weight: 2, arbitrary: flip },
    { weight: 1, arbitrary: splice },
    { weight: 1, arbitrary: remove },
    { weight: 1, arbitrary: truncate },
  ),
  { minLength: 1, maxLength: 4 },
);

/** What the fuzzed archives may unpack to. */
const MAX_BYTES = 1_000_000;
const OUR_CODE = /^(ok|(ARCHIVE|MEDIA)_[A-Z_]+)$/;

async function assertHarmless(zip: Buffer): Promise<void> {
  const { code, outside, bytesWritten } = await unpack(zip, { MAX_ARCHIVE_BYTES: MAX_BYTES });
  expect(code).toMatch(OUR_CODE);
  expect(outside).toEqual([]);
  expect(bytesWritten).toBeLessThanOrEqual(MAX_BYTES);
}

test('a tape with any of its bytes changed is unpacked or refused, and leaves nothing elsewhere', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...SEEDS), mutations, async (seed, changes) => {
      await assertHarmless(changes.reduce((bytes, change) => change(bytes), seed));
    }),
    { numRuns: 250 },
  );
});

/** Mostly the truth: an archive of nothing but lies ends at the first. */
const rarely = <T extends object>(lies: fc.Arbitrary<T>): fc.Arbitrary<T | object> =>
  fc.oneof({ weight: 15, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: lies });
const size = fc.oneof(fc.constantFrom(...EXTREMES), fc.nat(400));
const extra = fc
  .tuple(fc.constantFrom(1, 0x7075, 0x5455), fc.uint8Array({ maxLength: 28 }))
  .map(([id, data]) => extraField(id, Buffer.from(data)));
const fields = {
  flags: fc.nat(0xffff),
  method: fc.constantFrom(0, 8, 9, 99),
  compressedBytes: size,
  unpackedBytes: size,
  extra,
};
const local = rarely(fc.record(fields, { requiredKeys: [] }));
const central = rarely(fc.record({ ...fields, offset: size }, { requiredKeys: [] }));
const end = rarely(fc.record({ count: fc.nat(70_000), directoryOffset: size, disk: fc.nat(3) }, { requiredKeys: [] }));
const NAMES = ['FRAME-1.PNG', 'a/frame_2.webp', 'timing.json', 'metadata.json', 'audio.WAV'];
const content = fc.oneof(
  fc.tuple(fc.constantFrom(...SEEDS), fc.nat(300)).map(([seed, start]) => seed.subarray(start, start + 160)),
  fc
    .tuple(fc.constant(TAPE[0]!.content!), fc.array(flip, { maxLength: 2 }))
    .map(([png, changes]) => changes.reduce((bytes, change) => change(bytes), png)),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .array(fc.record({ frame: fc.nat(2), duration: fc.constantFrom(10, 0, -1, 1e12) }))
    .map((rows) => Buffer.from(JSON.stringify(rows))),
);
const oddName = fc.string({ unit: 'binary', maxLength: 20 });
const name = fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: oddName });
const file = fc.record({ name, content, deflate: fc.boolean(), descriptor: fc.boolean(), local, central });

test('an archive of odd files and a few lies is unpacked or refused, and leaves nothing elsewhere', async () => {
  const files = fc.uniqueArray(file, { maxLength: 5, selector: ({ name }) => name });
  await fc.assert(
    fc.asyncProperty(files, end, async (odd, lies) => {
      await assertHarmless(buildRawZip({ entries: [TAPE[0]!, ...odd], end: lies }));
    }),
    { numRuns: 250 },
  );
});
