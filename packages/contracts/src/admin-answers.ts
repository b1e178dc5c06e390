import type { ErrorCode } from './errors.ts';
import type { ActivityEntry, HistoryEntry } from './history.ts';
import type { JobKind, Phase, Priority } from './vocabulary.ts';

/**
 * What the API tells the operators' page, below /admin/api. It is read by no one else, and by the same version: types are
 * enough. Jobs themselves, their list and the statistics are told as callers get them.
 */

/** An admin may change everything; a viewer may look at everything. */
export type Role = 'admin' | 'viewer';

/** `GET /admin/api/session` */
export interface SessionAnswer {
  /** An e-mail address, or the role where a password is all that is known. */
  name: string;
  role: Role;
  /** Where this runs; empty where nobody has said. */
  environmentName: string;
  version: string;
}

/** How the page shows a result: addresses of ours, below /admin, whatever the store. */
export interface PlaybackView {
  /** The master playlist, or the MP4. */
  url: string;
  posterUrl: string | null;
  storyboardUrl: string | null;
  /** Sends the file under a name of its own: an MP4; null for a stream. */
  downloadUrl: string | null;
}

/** `GET /admin/api/jobs/:jobId/details`: what the job's own view does not tell. */
export interface JobDetails {
  /** The id of the key that the request came with. */
  caller: string;
  priority: Priority;
  /** 1, and one more each time it was begun from the start. */
  run: number;
  /** Without what may be a secret: user names, passwords, queries. */
  sourceUrl: string;
  callbackUrl: string;
  /** What else the request said: options, ladder. */
  options: Readonly<Record<string, unknown>>;
  outputName: string;
  /** null where there is nothing that we could show: no result, deleted, another's by now, or at the caller's own place. */
  playback: PlaybackView | null;
  /** The oldest first; the last 200 lines. */
  history: readonly HistoryEntry[];
}

/** `GET /admin/api/charts?hours=48` */
export interface ChartsAnswer {
  /** The oldest first; the last one is not over. */
  hours: readonly HourView[];
}

export interface HourView {
  startMs: number;
  completed: number;
  failed: number;
  canceled: number;
  /** From the acceptance to the first attempt, of the jobs that ended in this hour in their first run; null where there was none. */
  waitSec: { mean: number; p95: number } | null;
}

/** `GET /admin/api/errors`: failed jobs by their code, the most frequent first. */
export interface ErrorsAnswer {
  groups: readonly ErrorGroup[];
}

export interface ErrorGroup {
  code: ErrorCode;
  /** The same for every error of this code. */
  title: string;
  count: number;
  retryable: boolean;
  lastAtMs: number;
  /** The last one. */
  example: { jobId: string; kind: JobKind; reference: string; slug: string; message: string; phase: Phase | null };
}

/** `GET /admin/api/activity`: the newest first. */
export interface ActivityAnswer {
  entries: readonly ActivityEntry[];
}

/** `GET /admin/api/audit?limit=&before=`: the newest first. */
export interface AuditAnswer {
  entries: readonly AuditEntry[];
  /** For `before` of the next page; null on the last. */
  next: string | null;
}

export interface AuditEntry {
  id: string;
  atMs: number;
  action: string;
  /** null for somebody whom nobody knows. */
  who: string | null;
  via: 'key' | 'session' | 'login';
  outcome: 'done' | 'refused' | 'failed';
  /** HTTP. */
  status: number;
  ip: string;
  /** A job's id, a queue, a worker; empty where it is about none. */
  about: string;
}

/** `GET /admin/api/system`. What has not answered in time is null. */
export interface SystemAnswer {
  atMs: number;
  api: { version: string; uptimeSec: number; nodeVersion: string; memoryBytes: number };
  redis: { ok: boolean; latencyMs: number; usedBytes: number | null; maxBytes: number | null };
  storage: { ok: boolean; latencyMs: number; driver: 'spaces' | 'local'; storedBytes: number | null };
  /** Of the API's DATA_DIR. */
  disk: { freeBytes: number; totalBytes: number } | null;
  queues: readonly QueueView[] | null;
  workers: readonly WorkerView[] | null;
  /** Ids of those that vanished without a good-bye, and were not replaced. */
  lostWorkers: readonly string[];
  callbacks: { pending: number; exhausted: number } | null;
}

export interface QueueView {
  name: 'conversions' | 'callbacks';
  isPaused: boolean;
  waiting: number;
  delayed: number;
  active: number;
}

export interface WorkerView {
  workerId: string;
  /** The API has started it, because it saw no other. */
  isStandIn: boolean;
  version: string;
  ffmpegVersion: string | null;
  busy: number;
  concurrency: number;
  /** Takes no other job. */
  isPaused: boolean;
  /** What it runs now. */
  jobIds: readonly string[];
  memory: { nodeBytes: number; ffmpegBytes: number } | null;
  protections: { held: readonly string[]; missing: readonly string[] };
  freeDiskBytes: number;
  totalDiskBytes: number | null;
}

/** `POST /admin/api/test-callback` */
export interface TestCallbackAnswer {
  /** Of the receiver; null when there was no answer. */
  httpStatus: number | null;
  durationMs: number;
  isDelivered: boolean;
  /** Why there was no answer, for a person; null where there was one. */
  problem: string | null;
}

/** `POST /admin/api/bulk` with dryRun: what it would come to. */
export interface BulkPreview {
  /** How many fit the filter, or were selected. */
  matching: number;
  /** How many of them the action is for, as far as their status tells. */
  applicable: number;
  isEstimate: boolean;
  /** The first of those, in the order of the list. */
  sample: readonly { jobId: string; slug: string; reference: string }[];
}

/** A line of what `POST /admin/api/bulk` answers (NDJSON) while it is at work. The last one says that it is over. */
export interface BulkProgress {
  /** Selected ones; of a filter, those that the action is for. */
  total: number;
  /** Looked at. */
  seen: number;
  done: number;
  /** There was nothing to do, or it could not be done. */
  skipped: number;
  failed: number;
  /** The last reason for skipping or failing, for a person. */
  lastProblem: string | null;
  isOver: boolean;
}

/** A line of what `POST /admin/api/cleanup` answers (NDJSON): one for each thing, and at the end one that sums up. */
export type CleanupLine =
  | { outcome: 'done' | 'skipped' | 'failed'; about: string; what: string; sizeBytes: number | null }
  | { isOver: true; done: number; skipped: number; failed: number; freedBytes: number };

/**
 * What `GET /admin/api/events` sends (server-sent events), by the event's name:
 * - `jobs`: JobView[] that have changed
 * - `gone`: ids of jobs that are no more
 * - `many`: more has changed than is told one by one: ask anew (empty object)
 * - `stats`: Stats
 * - `beat`: nothing; every 5 s, so that silence means a lost connection (empty object)
 */
export const ADMIN_EVENTS = ['jobs', 'gone', 'many', 'stats', 'beat'] as const;
export type AdminEvent = (typeof ADMIN_EVENTS)[number];
