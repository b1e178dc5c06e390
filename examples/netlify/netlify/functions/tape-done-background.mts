import type { Config } from '@netlify/functions';
import { receiveCallback } from '../lib/receive-callback.mts';

export const config: Config = { path: '/api/tape-done-background', method: 'POST' };

/**
 * By the end of its name Netlify answers 202 before it runs, and gives it 15 minutes. So to Tapedeck the event is
 * delivered whatever happens here: what is thrown makes Netlify run it again, twice.
 */
export default async function tapeDoneInBackground(request: Request): Promise<void> {
  const { status } = await receiveCallback(request);
  if (status === 409 || status >= 500) throw new Error(`expected to handle the event, got ${status}`);
}
