import { getStore } from '@netlify/blobs';
import type { CallbackEvent } from '@tapedeck/client';

const openStore = () => getStore({ name: 'tapes', consistency: 'strong' });

/** What became of a tape, for the site's pages. The same event kept twice is the same entry. */
export async function keepResult(event: CallbackEvent): Promise<void> {
  const { status, jobId } = event;
  if (status === 'test') return console.log(`a test of Tapedeck's operators came through: ${event.message}`);
  if (event.mongoId === undefined) return console.warn(`job ${jobId} is none of a tape that this site has sent`);
  const result = status === 'error' ? { error: event.error, code: event.code } : buildLinks(event);
  await openStore().setJSON(event.mongoId, { status, jobId, ...result });
}

function buildLinks(event: CallbackEvent): object {
  if (event.status !== 'complete' || !('mp4Url' in event)) return {};
  const { mp4Url, posterUrl, duration } = event;
  return { mp4Url, posterUrl, duration };
}

/** null when nothing has become of it yet. */
export async function readResult(slug: string): Promise<unknown> {
  return openStore().get(slug, { type: 'json' });
}
