import { getStore } from '@netlify/blobs';

/** No function runs for longer: who has begun before that is not at it any more. */
const MAX_RUN_MS = 15 * 60_000;

/**
 * Runs `handle` for the first delivery of an event, and for one that comes after it has failed.
 * @returns `known` when it was handled before, `busy` when another delivery is at it
 */
export async function handleOnce(eventId: string, handle: () => Promise<void>): Promise<'handled' | 'known' | 'busy'> {
  const events = getStore({ name: 'tapedeck-events', consistency: 'strong' });
  const claim = { atMs: Date.now(), isDone: false };
  // One step at the store: of two deliveries at once one gets it.
  const { modified } = await events.set(eventId, '', { metadata: claim, onlyIfNew: true });
  if (!modified) {
    const { etag, metadata: known } = (await events.getMetadata(eventId)) ?? {};
    if (known?.['isDone']) return 'known';
    if (etag === undefined || Date.now() - Number(known?.['atMs']) < MAX_RUN_MS) return 'busy';
    const takenOver = await events.set(eventId, '', { metadata: claim, onlyIfMatch: etag });
    if (!takenOver.modified) return 'busy';
  }
  try {
    await handle();
  } catch (error) {
    await events.delete(eventId);
    throw error;
  }
  await events.set(eventId, '', { metadata: { ...claim, isDone: true } });
  return 'handled';
}
