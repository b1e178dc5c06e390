import { TapedeckError, verifyCallback, type CallbackEvent } from '@tapedeck/client';
import { handleOnce } from './handle-once.mts';
import { readSetting } from './settings.mts';
import { keepResult } from './tapes.mts';

/**
 * Takes one delivery of an event. Tapedeck takes 2xx for delivered, and gives up at 401; after 409 and 5xx it sends the
 * event again, for about three days.
 */
export async function receiveCallback(request: Request): Promise<Response> {
  const secrets = readSetting('TAPEDECK_SIGNING_SECRET');
  let event: CallbackEvent;
  try {
    // Reads the raw body itself. Whatever reads it before breaks the signature.
    event = await verifyCallback(request, secrets);
  } catch (error) {
    if (!(error instanceof TapedeckError)) throw error;
    console.warn(`a callback was refused: ${error.code}: ${error.message}`);
    // A secret that was set wrongly is ours to repair, and a body may come whole the next time.
    const comesAgain = error.retryable || error.code === 'CALLBACK_SECRET_INVALID';
    return new Response(error.code, { status: comesAgain ? 500 : 401 });
  }
  const outcome = await handleOnce(event.eventId, () => keepResult(event));
  console.log(`event ${event.eventId} of job ${event.jobId}: ${event.status}, ${outcome}`);
  return new Response(null, { status: outcome === 'busy' ? 409 : 204 });
}
