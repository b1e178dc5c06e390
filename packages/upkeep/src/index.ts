export { cleanUp } from './clean-up.ts';
export { cleanUpSuperseded } from './clean-up-superseded.ts';
export { deleteOldRecords } from './delete-old-records.ts';
export { deleteOldResults } from './delete-old-results.ts';
export { deleteResult } from './delete-result.ts';
export { migrateResult } from './migrate-result.ts';
export { onEachJob } from './on-each-job.ts';
export { putBackStuck, stuckLimits } from './put-back-stuck.ts';
export { rebuildMaster } from './rebuild-master.ts';
export { createReconverter } from './reconvert.ts';
export { isPublisher } from './result-files.ts';
export {
  ALIVE_FILE,
  createScratchRoot,
  findOrphans,
  hasLivingWorker,
  removeDir,
  removeOrphans,
  withScratch,
} from './scratch.ts';
export { verifyResult } from './verify-result.ts';
export { walkJobs, type WalkCursor, type WalkFilter } from './walk-jobs.ts';
export { describeFailure, type Deed, type Results, type UpkeepOptions } from './upkeep.ts';
