import { JobError } from '@tapedeck/contracts';
import { download, findOwnKey } from '@tapedeck/transfer';
import type { AttemptContext } from '../attempt-context.ts';

/** Fetches the source into the workspace. @returns the name of the file. */
export async function downloadSource(context: AttemptContext, url: string): Promise<string> {
  const { progress } = context;
  await progress.enter('download');
  // A dot, so that no rendition's directory can have the name.
  const fileName = 'source.bin';
  const { sizeBytes } = await fetchSource(context, url, fileName);
  progress.note({ bytes: sizeBytes });
  return fileName;
}

/** What lies in the job's own bucket is read with our credentials: it need not be public. But then it may be. */
async function fetchSource(context: AttemptContext, url: string, fileName: string): Promise<{ sizeBytes: number }> {
  const { store, request, addresses, logger } = context;
  const key = findOwnKey(url, request.bucket, addresses);
  const signedUrl = key && (await store.signedUrl(request.bucket, key));
  if (!signedUrl) return receive(context, url, fileName);
  try {
    return await receive(context, signedUrl, fileName);
  } catch (error) {
    if (!(error instanceof JobError && error.code === 'SOURCE_FORBIDDEN')) throw error;
    logger.warn({ err: error }, 'our key may not read the source, asked for as anybody would');
    return receive(context, url, fileName);
  }
}

function receive(context: AttemptContext, url: string, fileName: string): Promise<{ sizeBytes: number }> {
  const { agent, policy, config, signal, progress, workspace } = context;
  return download(url, workspace.path(fileName), {
    agent,
    policy,
    maxBytes: config.MAX_SOURCE_BYTES,
    signal,
    onProgress: (received, total) => progress.advance(total ? received / total : 0),
  });
}
