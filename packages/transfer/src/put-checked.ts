import { JobError } from '@tapedeck/contracts';
import type { ObjectStore, Publication } from './object-store.ts';

/**
 * Uploads one file and asks the store what it holds now. Its answer, not the upload's, says whether it worked.
 * @throws JobError STORAGE_…
 */
export async function putChecked(store: ObjectStore, publication: Publication, signal: AbortSignal): Promise<void> {
  const { bucket, key, sizeBytes, sha256Hex } = publication;
  await store.put(publication, signal);
  const stored = await store.head(bucket, key, signal);
  if (stored?.sizeBytes === sizeBytes && stored.sha256Hex === sha256Hex) return;
  throw new JobError('STORAGE_MISMATCH', `expected ${sizeBytes} bytes, got ${stored?.sizeBytes ?? 'nothing'}`);
}
