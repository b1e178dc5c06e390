import type { Answer } from './receiver.ts';

/** The rules of the receivers that were there before us, as they answer. Neither looks at a signature. */

/** `oven-complete`, which has a secret of its own. */
export function answerAsOvenComplete(secret: string): Answer {
  return (_nth, event) => {
    if (event.secret !== secret) return { status: 401 };
    if (!event.mongoId || !event.code || !(event.mp4Url || event.error)) return { status: 400 };
    return { status: 200 };
  };
}

/** `tape-mp4-complete`, which takes any status, but no event without an MP4. */
export const answerAsTapeMp4Complete: Answer = (_nth, event) => ({ status: event.mongoId && event.mp4Url ? 200 : 400 });
