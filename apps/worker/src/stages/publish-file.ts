import { stat } from 'node:fs/promises';
import { hashFile, putChecked } from '@tapedeck/transfer';
import type { AttemptContext } from '../attempt-context.ts';

/**
 * Uploads one file, and makes sure that it is there.
 * @param fileName in the workspace
 * @returns its size in bytes
 * @throws JobError STORAGE_…
 */
export async function publishFile(context: AttemptContext, fileName: string, key: string): Promise<number> {
  const { request, store, workspace, signal, logger } = context;
  const path = workspace.path(fileName);
  const [{ size: sizeBytes }, sha256Hex] = await Promise.all([stat(path), hashFile(path)]);
  const publication = {
    ...{ bucket: request.bucket, key, path, sizeBytes, sha256Hex },
    assertMayPublish: () => context.assertHolder(),
    onSent: () => context.progress.sign(),
  };
  await putChecked(store, publication, signal);
  logger.debug({ key, sizeBytes }, 'published');
  return sizeBytes;
}
