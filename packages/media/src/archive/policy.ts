import { JobError } from '@tapedeck/contracts';

/**
 * What an archive may look like, decided from its central directory before a byte is inflated.
 * What this file accepts can be unpacked in bounded time and space: entries do not share bytes, their sizes are
 * declared (and counted again while inflating), and none of them is a link or has a name that leads elsewhere.
 */
export interface ArchiveLimits {
  maxEntries: number;
  /** Sum of the unpacked sizes. */
  maxUnpackedBytes: number;
}

/** The facts of one central directory entry that the policy and the layout need. */
export interface EntryFacts {
  name: string;
  compressedBytes: number;
  unpackedBytes: number;
  compressionMethod: number;
  encrypted: boolean;
  /** Unix mode bits, 0 where the archiver wrote none. */
  unixMode: number;
  localHeaderOffset: number;
}

const STORED = 0;
const DEFLATED = 8;
/** A small entry may compress as well as it likes (silence, a blank frame); a large one at this ratio is a bomb. */
const MAX_RATIO = 100;
const RATIO_MATTERS_FROM_BYTES = 32 * 1024 * 1024;
/** A local header without its name and extra field, which only its own bytes tell (APPNOTE.TXT 4.3.7). */
const LOCAL_HEADER_BYTES = 30;

/** @throws JobError ARCHIVE_… naming the entry and the rule that it breaks. */
export function assertArchiveAllowed(entries: readonly EntryFacts[], limits: ArchiveLimits): void {
  assertEntryCount(entries.length, limits);
  for (const entry of entries) assertEntryAllowed(entry);
  assertUnpackedSize(entries, limits);
  assertNamesDistinct(entries);
  assertNoSharedBytes(entries);
}

/** Asked a second time, on the declared count, before the directory is read at all. */
export function assertEntryCount(count: number, limits: ArchiveLimits): void {
  if (count > limits.maxEntries) {
    throw new JobError('ARCHIVE_TOO_MANY_ENTRIES', `expected at most ${limits.maxEntries}, got ${count}`);
  }
}

function assertEntryAllowed(entry: EntryFacts): void {
  assertNameAllowed(entry.name);
  if (entry.encrypted) throw new JobError('ARCHIVE_ENCRYPTED', `entry ${quote(entry.name)}`);
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    refuse(entry, `expected stored or deflated, got compression method ${entry.compressionMethod}`);
  }
  if (!isPlainFileOrFolder(entry.unixMode)) refuse(entry, 'expected a file, got a link or a device');
  const ratio = entry.unpackedBytes / Math.max(1, entry.compressedBytes);
  if (entry.unpackedBytes > RATIO_MATTERS_FROM_BYTES && ratio > MAX_RATIO) {
    throw new JobError(
      'ARCHIVE_TOO_LARGE',
      `entry ${quote(entry.name)}: expected a ratio up to ${MAX_RATIO}, got ${Math.round(ratio)}`,
    );
  }
}

function assertNameAllowed(name: string): void {
  const parts = name.split('/');
  const isAbsolute = name.startsWith('/') || /^[a-z]:/i.test(name);
  if (isAbsolute || parts.includes('..') || /[\\\p{Cc}]/u.test(name) || name.length > 1024) {
    throw new JobError('ARCHIVE_ENTRY_REFUSED', `expected a plain relative name, got ${quote(name)}`);
  }
}

const FILE_TYPE_MASK = 0o170000;
const REGULAR_FILE = 0o100000;
const FOLDER = 0o040000;

function isPlainFileOrFolder(unixMode: number): boolean {
  const type = unixMode & FILE_TYPE_MASK;
  return type === 0 || type === REGULAR_FILE || type === FOLDER;
}

function assertUnpackedSize(entries: readonly EntryFacts[], limits: ArchiveLimits): void {
  const unpackedBytes = entries.reduce((sum, entry) => sum + entry.unpackedBytes, 0);
  if (unpackedBytes > limits.maxUnpackedBytes) {
    throw new JobError('ARCHIVE_TOO_LARGE', `expected at most ${limits.maxUnpackedBytes} bytes, got ${unpackedBytes}`);
  }
}

/** Two readers that disagree about which of two twins counts are how a check is passed by one file and another used. */
function assertNamesDistinct(entries: readonly EntryFacts[]): void {
  const seen = new Set<string>();
  for (const entry of entries) {
    const folded = entry.name.normalize('NFC').toLowerCase();
    if (seen.has(folded)) refuse(entry, 'expected every name once (upper and lower case are the same)');
    seen.add(folded);
  }
}

/** Entries whose bytes overlap are how a small archive declares petabytes. Data before the first entry is no ZIP's. */
function assertNoSharedBytes(entries: readonly EntryFacts[]): void {
  let endOfPrevious = 0;
  const byOffset = [...entries].sort((a, b) => a.localHeaderOffset - b.localHeaderOffset);
  if (byOffset[0] && byOffset[0].localHeaderOffset !== 0) {
    throw new JobError('ARCHIVE_INVALID', 'expected the first entry at byte 0, got other data before it');
  }
  for (const entry of byOffset) {
    if (entry.localHeaderOffset < endOfPrevious) refuse(entry, 'it shares bytes with another entry');
    endOfPrevious = entry.localHeaderOffset + LOCAL_HEADER_BYTES + entry.compressedBytes;
  }
}

function refuse(entry: EntryFacts, reason: string): never {
  throw new JobError('ARCHIVE_ENTRY_REFUSED', `entry ${quote(entry.name)}: ${reason}`);
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
