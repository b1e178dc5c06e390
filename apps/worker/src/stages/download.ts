import { download, findObjectKey, isAtEndpoint } from '@tapedeck/transfer';
import type { AttemptContext } from '../attempt-context.ts';

/** Fetches the source into the workspace. @returns the name of the file. */
export async function downloadSource(context: AttemptContext, url: string): Promise<string> {
  const { agent, policy, config, signal, progress, workspace, logger } = context;
  await progress.enter('download');
  // A dot, so that no rendition's directory can have the name.
  const fileName = 'source.bin';
  const startedAt = performance.now();
  const { sizeBytes } = await download(await toReadableUrl(context, url), workspace.path(fileName), {
    agent,
    policy,
    maxBytes: config.MAX_SOURCE_BYTES,
    signal,
    onProgress: (received, total) => progress.advance(total ? received / total : 0),
  });
  logger.info({ phase: 'download', sizeBytes, durationMs: Math.round(performance.now() - startedAt) }, 'downloaded');
  return fileName;
}

/** What lies in the job's own bucket is read with our credentials: it need not be public. */
async function toReadableUrl({ store, request, addresses }: AttemptContext, url: string): Promise<string> {
  const { bucket } = request;
  const key = isAtEndpoint(url, bucket, addresses) ? findObjectKey(url, bucket, addresses) : undefined;
  return (key && (await store.signedUrl(bucket, key))) ?? url;
}
