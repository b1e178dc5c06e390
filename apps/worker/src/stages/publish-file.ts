import { stat } from 'node:fs/promises';
import { JobError } from '@tapedeck/contracts';
import { hashFile, type Publication } from '@tapedeck/transfer';
import type { AttemptContext } from '../attempt-context.ts';

/**
 * Uploads one file and asks the store what it holds now. Its answer, not the upload's, says whether it worked.
 * @param fileName in the workspace
 * @returns its size in bytes
 * @throws JobError STORAGE_…
 */
export async function publishFile(context: AttemptContext, fileName: string, key: string): Promise<number> {
  const { request, store, workspace, signal, logger } = context;
  const path = workspace.path(fileName);
  const [{ size: sizeBytes }, sha256Hex] = await Promise.all([stat(path), hashFile(path)]);
  const publication: Publication = {
    ...{ bucket: request.bucket, key, path, sizeBytes, sha256Hex },
    assertMayPublish: () => context.assertHolder(),
    onSent: () => context.progress.sign(),
  };
  await store.put(publication, signal);
  const stored = await store.head(publication.bucket, key, signal);
  if (stored?.sizeBytes !== sizeBytes || stored.sha256Hex !== sha256Hex) {
    throw new JobError('STORAGE_MISMATCH', `expected ${sizeBytes} bytes, got ${stored?.sizeBytes ?? 'nothing'}`);
  }
  logger.debug({ key, sizeBytes }, 'published');
  return sizeBytes;
}
