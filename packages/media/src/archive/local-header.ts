import type { FileHandle } from 'node:fs/promises';
import { JobError } from '@tapedeck/contracts';
import { readRange } from './bounded-reader.ts';
import type { ArchiveEntry } from './directory.ts';
import { assertEndsBefore, LOCAL_HEADER_BYTES, refuse } from './policy.ts';

const SIGNATURE = 0x04034b50;

/**
 * Where an entry's data begins. Only its local header tells, and it may lie: with a long enough extra field the data is
 * that of another entry, or the directory. So it must agree with the directory, and the data must end in its own place
 * (APPNOTE.TXT 4.3.7).
 * @throws JobError ARCHIVE_CORRUPT where there is no local header, ARCHIVE_ENTRY_REFUSED where it says something else.
 */
export async function locateData(file: FileHandle, entry: ArchiveEntry): Promise<number> {
  const header = await readRange(file, entry.localHeaderOffset, LOCAL_HEADER_BYTES);
  if (header.readUInt32LE(0) !== SIGNATURE) {
    throw new JobError('ARCHIVE_CORRUPT', `entry ${JSON.stringify(entry.name)}: it has no local header`);
  }
  const method = header.readUInt16LE(8);
  if (method !== entry.compressionMethod) {
    refuse(entry, `expected compression method ${entry.compressionMethod} in its local header, got ${method}`);
  }
  const nameBytes = header.readUInt16LE(26);
  const dataOffset = entry.localHeaderOffset + LOCAL_HEADER_BYTES + nameBytes + header.readUInt16LE(28);
  assertEndsBefore(entry, dataOffset + entry.compressedBytes);
  const rawName = await readRange(file, entry.localHeaderOffset + LOCAL_HEADER_BYTES, nameBytes);
  if (!rawName.equals(entry.rawName)) refuse(entry, 'its local header has another name');
  return dataOffset;
}
