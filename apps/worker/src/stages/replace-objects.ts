import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { hashFile } from '@tapedeck/transfer';
import type { AttemptContext } from '../attempt-context.ts';
import { publishFile } from './publish-file.ts';

/** A file in the workspace, and the key under which it replaces what is there. */
export interface Replacement {
  fileName: string;
  key: string;
}

/**
 * Publishes files one after the other under keys that keep their names from run to run, in a turn of its own. When one
 * of them fails, those before it get their old meaning back, the last first: a failed run leaves what was there.
 *
 * What was there is kept in the workspace meanwhile, except that of the last file if `lastMayBeLarge`: it is replaced
 * whole or not at all.
 * @returns the bytes of what was published
 * @throws JobError STORAGE_…
 */
export function replaceObjects(
  context: AttemptContext,
  replacements: readonly Replacement[],
  options: { lastMayBeLarge: boolean },
): Promise<number> {
  return context.publishInTurn(() => replaceInTurn(context, replacements, options));
}

async function replaceInTurn(
  context: AttemptContext,
  replacements: readonly Replacement[],
  { lastMayBeLarge }: { lastMayBeLarge: boolean },
): Promise<number> {
  const previous = new Map<string, string | undefined>();
  const last = replacements.at(-1)!;
  let sizeBytes = 0;
  let current = replacements[0]!;
  try {
    for (current of replacements) {
      if (!lastMayBeLarge || current !== last) previous.set(current.key, await keepPrevious(context, current.key));
      const publishedBytes = await publishFile(context, current.fileName, current.key);
      sizeBytes += publishedBytes;
    }
    return sizeBytes;
  } catch (error) {
    // The attempt may have been aborted; what it began must be settled, or undone, all the same.
    const settling = { ...context, signal: AbortSignal.timeout(UNDO_TIMEOUT_MS) };
    // Aborted, or without an answer, but there all the same: then this run is what is public.
    const lastBytes = current === last ? await findPublished(settling, last) : undefined;
    if (lastBytes !== undefined) return sizeBytes + lastBytes;
    await putBack(settling, previous);
    throw error;
  }
}

/**
 * Not asked as an attempt that has lost the job: what is there may be another's.
 * @returns its bytes, or undefined when the store does not hold it, or cannot say
 */
async function findPublished(context: AttemptContext, { fileName, key }: Replacement): Promise<number | undefined> {
  const { store, request, signal, workspace } = context;
  try {
    await context.assertHolder();
    const stored = await store.head(request.bucket, key, signal);
    return stored?.sha256Hex === (await hashFile(workspace.path(fileName))) ? stored.sizeBytes : undefined;
  } catch {
    return undefined;
  }
}

const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** @returns the file in the workspace that holds what was there before, or undefined when nothing was */
async function keepPrevious(context: AttemptContext, key: string): Promise<string | undefined> {
  const { store, request, signal, workspace } = context;
  const content = await store.read(request.bucket, key, MAX_KEPT_BYTES, signal);
  if (!content) return undefined;
  const fileName = `previous-${randomUUID()}`;
  await writeFile(workspace.path(fileName), content);
  return fileName;
}

/** Together with the store's own farewell shorter than what a worker that stops gives its attempts (queue-worker.ts). */
export const UNDO_TIMEOUT_MS = 6_000;

/**
 * One that cannot be helped is no reason to leave the others. Not when another attempt holds the job: by now it publishes
 * the same keys.
 */
async function putBack(context: AttemptContext, previous: ReadonlyMap<string, string | undefined>): Promise<void> {
  const { store, request, signal, logger } = context;
  for (const [key, fileName] of [...previous].reverse()) {
    try {
      await context.assertHolder();
      if (fileName) await publishFile(context, fileName, key);
      else await store.remove(request.bucket, key, signal);
    } catch (error) {
      logger.warn({ err: error, key }, 'the version before could not be put back');
    }
  }
}
