import { expect, test } from '@jest/globals';
import { assertArchiveAllowed, type EntryFacts } from './policy.ts';

const limits = { maxEntries: 10, maxUnpackedBytes: 1_000_000_000 };
let offset = 0;
const entry = (changes: Partial<EntryFacts> = {}): EntryFacts => {
  const facts = {
    name: `frame-${offset}.png`,
    compressedBytes: 100,
    unpackedBytes: 100,
    compressionMethod: 0,
    encrypted: false,
    unixMode: 0o100644,
    localHeaderOffset: offset,
    endsBefore: offset + 200,
    ...changes,
  };
  offset += 200;
  return facts;
};
const check = (...changes: Partial<EntryFacts>[]) => {
  offset = 0;
  const entries = changes.map((change) => entry(change));
  return () => assertArchiveAllowed(entries, limits);
};

test('files and folders, stored or deflated, are allowed', () => {
  expect(
    check({}, { compressionMethod: 8 }, { name: 'frames/', unixMode: 0o040755, unpackedBytes: 0 }, { unixMode: 0 }),
  ).not.toThrow();
});

test('1,800 blank frames of the largest size are allowed', () => {
  offset = 0;
  const frames = Array.from({ length: 1800 }, () => entry({ unpackedBytes: 130_000 }));
  expect(() => assertArchiveAllowed(frames, { ...limits, maxEntries: 1800 })).not.toThrow();
});

test.each<[string, string, Partial<EntryFacts>[]]>([
  ['a name that climbs', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a/../../b' }]],
  ['an absolute name', 'ARCHIVE_ENTRY_REFUSED', [{ name: '/etc/passwd' }]],
  ['a drive', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'C:evil' }]],
  ['a backslash', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a\\b' }]],
  ['a control character', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a\u0000b' }]],
  ['bytes that are no UTF-8', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a\uFFFD' }]],
  ['a name of a page', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a'.repeat(1025) }]],
  ['a folder with content', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a/' }]],
  ['a symbolic link', 'ARCHIVE_ENTRY_REFUSED', [{ unixMode: 0o120777 }]],
  ['a device', 'ARCHIVE_ENTRY_REFUSED', [{ unixMode: 0o020666 }]],
  ['an unknown compression', 'ARCHIVE_ENTRY_REFUSED', [{ compressionMethod: 12 }]],
  ['a password', 'ARCHIVE_ENCRYPTED', [{ encrypted: true }]],
  ['the same name twice', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a' }, { name: 'a' }]],
  ['names that differ in case', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a' }, { name: 'A' }]],
  ['names that differ in composition', 'ARCHIVE_ENTRY_REFUSED', [{ name: '\u00e9' }, { name: 'e\u0301' }]],
  ['entries that share bytes', 'ARCHIVE_ENTRY_REFUSED', [{ endsBefore: 50 }, { localHeaderOffset: 50 }]],
  ['data before the first entry', 'ARCHIVE_INVALID', [{ localHeaderOffset: 5 }]],
  [
    'more than the sum',
    'ARCHIVE_TOO_LARGE',
    [{ unpackedBytes: 999_999_999, compressedBytes: 999_999_999 }, { unpackedBytes: 100 }],
  ],
  ['a ratio of a thousand', 'ARCHIVE_TOO_LARGE', [{ unpackedBytes: 100_000_000, compressedBytes: 100_000 }]],
  [
    'a ratio of a thousand in pieces',
    'ARCHIVE_TOO_LARGE',
    Array.from({ length: 10 }, () => ({ unpackedBytes: 30_000_000 })),
  ],
  ['too many entries', 'ARCHIVE_TOO_MANY_ENTRIES', Array.from({ length: 11 }, () => ({}))],
])('%s is %s', (_what, code, changes) => {
  expect(check(...changes)).toThrow(expect.objectContaining({ code }));
});
