import type { ErrorCode } from './errors.ts';
import type { Phase } from './vocabulary.ts';

/** What a finished tape is, as the callback and the job's `output` tell it. */
export interface TapeOutput {
  mp4Url: string;
  posterUrl?: string;
  /** Seconds. */
  duration: number;
  /** Bytes. */
  size: number;
  /** `[width, height]` in pixels. */
  resolution: [number, number];
}

export interface RenditionOutput {
  name: string;
  /** Pixels; null for sound alone. */
  width: number | null;
  height: number | null;
  /** The measured peak, bits per second, as the master playlist says it. */
  bandwidth: number;
  playlistUrl: string;
}

/** What a finished video is. */
export interface HlsOutput {
  hlsUrl: string;
  /** Absent for sound without a cover. */
  posterUrl?: string;
  /** WebVTT with the pictures of the seek bar, when the request asked for it. */
  storyboardUrl?: string;
  /** Seconds. */
  duration: number;
  /** Bytes of everything that was published. */
  size: number;
  /** `[width, height]` of the largest rendition in pixels; null for sound alone. */
  resolution: [number, number] | null;
  /** The largest first. */
  renditions: RenditionOutput[];
}

export type JobOutput = TapeOutput | HlsOutput;

export function isTapeOutput(output: JobOutput): output is TapeOutput {
  return 'mp4Url' in output;
}

/** The part of a job's request that every event of it repeats. */
export interface EventSubject {
  jobId: string;
  mongoId?: string | undefined;
  id?: string | undefined;
  metadata?: Record<string, unknown> | null | undefined;
}

export type TerminalOutcome =
  | { status: 'completed'; output: JobOutput }
  | { status: 'failed'; error: { code: ErrorCode; message: string; phase: Phase | null } }
  | { status: 'canceled' };

/** On the wire the outcomes have the names that receivers already know. */
const WIRE_STATUS = { completed: 'complete', failed: 'error', canceled: 'canceled' } as const;

/**
 * The body of a callback, byte for byte what is signed and sent on every try.
 * Keys come in the contract's order; a field without a value is left out rather than null.
 */
export function buildCallbackBody(subject: EventSubject, outcome: TerminalOutcome): string {
  const { jobId, mongoId, id, metadata } = subject;
  const status = WIRE_STATUS[outcome.status];
  const outcomeFields =
    outcome.status === 'completed'
      ? outcome.output
      : outcome.status === 'failed'
        ? { error: outcome.error.message, code: outcome.error.code }
        : {};
  return JSON.stringify({ mongoId, id, jobId, status, ...outcomeFields, metadata });
}
