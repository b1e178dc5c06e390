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
  expect(check({}, { compressionMethod: 8 }, { name: 'frames/', unixMode: 0o040755 }, { unixMode: 0 })).not.toThrow();
});

test.each<[string, string, Partial<EntryFacts>[]]>([
  ['a name that climbs', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a/../../b' }]],
  ['an absolute name', 'ARCHIVE_ENTRY_REFUSED', [{ name: '/etc/passwd' }]],
  ['a drive', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'C:evil' }]],
  ['a backslash', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a\\b' }]],
  ['a control character', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a\u0000b' }]],
  ['a symbolic link', 'ARCHIVE_ENTRY_REFUSED', [{ unixMode: 0o120777 }]],
  ['a device', 'ARCHIVE_ENTRY_REFUSED', [{ unixMode: 0o020666 }]],
  ['an unknown compression', 'ARCHIVE_ENTRY_REFUSED', [{ compressionMethod: 12 }]],
  ['a password', 'ARCHIVE_ENCRYPTED', [{ encrypted: true }]],
  ['the same name twice', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a' }, { name: 'a' }]],
  ['names that differ in case', 'ARCHIVE_ENTRY_REFUSED', [{ name: 'a' }, { name: 'A' }]],
  ['names that differ in composition', 'ARCHIVE_ENTRY_REFUSED', [{ name: '\u00e9' }, { name: 'e\u0301' }]],
  ['entries that share bytes', 'ARCHIVE_ENTRY_REFUSED', [{}, { localHeaderOffset: 50 }]],
  ['data before the first entry', 'ARCHIVE_INVALID', [{ localHeaderOffset: 5 }]],
  [
    'more than the sum',
    'ARCHIVE_TOO_LARGE',
    [{ unpackedBytes: 999_999_999, compressedBytes: 999_999_999 }, { unpackedBytes: 100 }],
  ],
  ['a ratio of a thousand', 'ARCHIVE_TOO_LARGE', [{ unpackedBytes: 100_000_000, compressedBytes: 100_000 }]],
  ['too many entries', 'ARCHIVE_TOO_MANY_ENTRIES', Array.from({ length: 11 }, () => ({}))],
])('%s is %s', (_what, code, changes) => {
  expect(check(...changes)).toThrow(expect.objectContaining({ code }));
});
