import type { JobOutput } from './callback-event.ts';
import type { ErrorCode } from './errors.ts';
import type { CallbackStatus, JobKind, JobStatus, Phase } from './vocabulary.ts';

/** A job as `GET /api/jobs/:jobId` shows it. Times are ISO 8601; what is not known yet is null. */
export interface JobView {
  jobId: string;
  kind: JobKind;
  reference: string;
  slug: string;
  bucket: string;
  status: JobStatus;
  phase: Phase | null;
  /** 0 to 100 over the whole job. */
  progress: number;
  attempt: number;
  maxAttempts: number;
  /** 1 is next; null once a worker has it. */
  positionInQueue: number | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  estimatedCompletionAt: string | null;
  output: JobOutput | null;
  error: { code: ErrorCode; message: string; retryable: boolean; phase: Phase | null } | null;
  callback: { status: CallbackStatus; attempts: number; lastStatus: number | null };
  /** How the attempt was carried out: output size and why, timing, encoder settings, memory. */
  plan: Record<string, unknown> | null;
  metadata: Record<string, unknown> | null;
}
