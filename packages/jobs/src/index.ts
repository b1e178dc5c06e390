export { loadAlertStates, saveAlertStates } from './alert-states.ts';
export {
  askStanding,
  beginAttempt,
  handBack,
  isHolder,
  noteToolRun,
  releaseForRetry,
  reportProgress,
  type Attempt,
  type AttemptNews,
  type ReportAnswer,
} from './attempts.ts';
export { appendAudit, loadAudit, type AuditLine } from './audit-trail.ts';
export type { Backend } from './backend.ts';
export { claimChore, type ChoreClaim } from './claim-chore.ts';
export { compareWithJournal } from './compare.ts';
export { isCompared } from './generation.ts';
export { changePriority } from './change-priority.ts';
export { NOTHING_MEASURED } from './bookkeeping.ts';
export {
  findByReference,
  findJobs,
  loadRecords,
  lowerAscii,
  type FoundJobs,
  type JobFilter,
  type Page,
} from './find-jobs.ts';
export { loadForecast, type Forecast } from './forecast.ts';
export { loadActivity, loadHistory } from './history.ts';
export { createJournal, type Journal, type JournalLog } from './journal.ts';
export { JOURNAL_KEEP_MS, tidyJournal } from './tidy-journal.ts';
export { loadErrorGroups } from './error-groups.ts';
export { enqueueCallback } from './enqueue.ts';
export { cancelJob, listenForCancellations } from './cancel.ts';
export {
  completeCleanup,
  isCleanupStillDue,
  loadDueCleanups,
  scheduleCleanup,
  type DueCleanup,
  type PublishedSlug,
} from './cleanups.ts';
export {
  forgetPublisher,
  forgetStored,
  hideJob,
  loadPublisher,
  removeEndedJob,
  removeHiddenJob,
  showAbandoned,
  showJob,
} from './delete-job.ts';
export { loadHours } from './hours.ts';
export { inspectRedis, type RedisReport } from './inspect-redis.ts';
export {
  closeEvent,
  loadOutboxEntry,
  recordCallbackTry,
  sweepOutbox,
  sweepUnqueued,
  type CallbackTry,
  type OutboxEntry,
} from './outbox.ts';
export { QUEUE_PREFIX } from './keys.ts';
export {
  anyCallbackEntrySchema,
  CALLBACKS,
  conversionEntrySchema,
  CONVERSIONS,
  openQueues,
  QUEUE_NAMES,
  type Queues,
  type TestCallbackEntry,
} from './queues.ts';
export { placeOf, publishInTurn, takeTurn } from './publication-lock.ts';
export {
  announcePublishing,
  forgetAnnouncement,
  forgetOldAnnouncements,
  loadAnnouncements,
  type Announcement,
  type Places,
} from './announcements.ts';
export { buildJobView, loadRecord, type JobRecord, type StoredJobError } from './record.ts';
export { connectRedis, isRedisRefusal, waitForRedis, type Redis } from './redis.ts';
export { findStuckJobs, reconcileJobs, type ReconcileLimits } from './reconcile.ts';
export { replayCallback } from './replay.ts';
export { findOldResults, forgetResult, hasResult, markResultDeleted, postponeResult } from './results.ts';
export { findRival, retryJob, type RetryResult } from './retry.ts';
export { settleAttempt } from './settle.ts';
export {
  countByStatus,
  countEndedSince,
  loadStatistics,
  loadStoredBytes,
  type JobCounts,
  type Statistics,
} from './statistics.ts';
export {
  saveTestOutcome,
  takeTestCallback,
  testCallback,
  TEST_CALLBACK_TIMEOUT_MS,
  type TestCallbackOutcome,
} from './test-callback.ts';
export { submitJob, type IdempotencyScope, type Submission, type SubmitResult } from './submit.ts';
export { COUNTERS, HISTOGRAMS, loadTallies, type TallyReadings } from './tallies.ts';
export { createJobWatcher, type JobWatcher } from './watch-job.ts';
export { countCallbacks, loadVitals, type Vitals } from './vitals.ts';
export {
  listenForPauses,
  listConverting,
  loadFleet,
  type Fleet,
  pauseWorker,
  reportAlive,
  reportGone,
  resumeWorker,
  SIGN_INTERVAL_MS,
  type KeepTimes,
  type SignOfLife,
} from './workers.ts';
