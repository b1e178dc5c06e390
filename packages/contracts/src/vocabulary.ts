/**
 * One meaning per word, in the whole code base.
 *
 * - **job**: what one accepted POST asks for. It has one record, one queue entry while it is alive, and it ends once.
 * - **kind**: `tape` (ZIP of frames + timing.json → MP4) or `hls` (video → adaptive stream).
 * - **reference**: the caller's own name for the thing (`mongoId` or `id`). We never interpret it.
 * - **attempt**: one worker's try at a job. At most one attempt *holds* the job; the others are fenced off.
 * - **phase**: what an attempt is doing now, as the caller sees it.
 * - **stage**: the piece of code that does one phase.
 * - **artifact**: a file in the workspace that may become public.
 * - **publication**: a verified artifact on its way to its public key, or there.
 * - **incomplete upload**: one in several steps that was neither completed nor aborted.
 * - **announcement**: which keys an attempt is going to put.
 * - **settle**: to write a job's terminal state. Happens exactly once per run of a job.
 * - **event**: the terminal news of a job; it has an id, a fixed body, and is delivered as a callback.
 * - **journal**: what is kept of jobs outside Redis, so that it may lose its data.
 * - **comparison**: of what Redis has with the journal, after which nothing is missing and nothing lives that has ended.
 * - **generation**: the data of one Redis process, from one comparison to the next.
 * - **run**: a job from its first attempt on; a retry by hand, its return from the journal, or taking it from an attempt
 *   that is stuck begins another.
 * - **happening**: something that befell a job, or that somebody did to it; its **history** is all of them in their order.
 * - **activity**: what happened to any job lately, as far as it is salient.
 * - **stand-in**: a worker that an API has started because it saw no other; it is none of the workers that are counted.
 * - **chore**: what a worker does now and then beside its jobs.
 * - **vitals**: the figures of the whole fleet at one moment.
 * - **condition**: what an alert is raised for. It *holds* or it does not, at one moment.
 * - **alert**: *fires* when its condition has held for long enough, and is *resolved* when it has not for some minutes.
 * - **notice**: what operators are told of an alert, over a *channel*: once when it fires, once when it is resolved.
 * - **outbox**: the events that were settled and not yet delivered or given up.
 */
export const JOB_KINDS = ['tape', 'hls'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** `queued` and `processing` are alive; the other three are terminal. */
export const JOB_STATUSES = ['queued', 'processing', 'completed', 'failed', 'canceled'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const PHASES = ['download', 'extract', 'probe', 'encode', 'verify', 'publish'] as const;
export type Phase = (typeof PHASES)[number];

export const PRIORITIES = ['high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** `pending` may still be tried; `delivered` got a 2xx; `exhausted` will not be tried again by itself. */
export const CALLBACK_STATUSES = ['pending', 'delivered', 'exhausted'] as const;
export type CallbackStatus = (typeof CALLBACK_STATUSES)[number];
