import { download } from '@tapedeck/transfer';
import type { AttemptContext } from '../attempt-context.ts';

/** Fetches the source into the workspace. @returns the name of the file. */
export async function downloadSource(context: AttemptContext, url: string): Promise<string> {
  const { agent, policy, config, signal, progress, workspace, logger } = context;
  await progress.enter('download');
  // A dot, so that no rendition's directory can have the name.
  const fileName = 'source.bin';
  const startedAt = performance.now();
  const { sizeBytes } = await download(url, workspace.path(fileName), {
    agent,
    policy,
    maxBytes: config.MAX_SOURCE_BYTES,
    signal,
    onProgress: (received, total) => progress.advance(total ? received / total : 0),
  });
  logger.info({ phase: 'download', sizeBytes, durationMs: Math.round(performance.now() - startedAt) }, 'downloaded');
  return fileName;
}
