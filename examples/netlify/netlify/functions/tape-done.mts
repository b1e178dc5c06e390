import type { Config } from '@netlify/functions';
import { receiveCallback } from '../lib/receive-callback.mts';

export const config: Config = { path: '/api/tape-done', method: 'POST' };

/** Tapedeck waits for 15 seconds: what takes longer belongs into the background. */
export default async function tapeDone(request: Request): Promise<Response> {
  return receiveCallback(request);
}
