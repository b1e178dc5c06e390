export { cleanUpSuperseded } from './clean-up-superseded.ts';
export { deleteOldRecords } from './delete-old-records.ts';
export { deleteOldResults } from './delete-old-results.ts';
export { deleteResult } from './delete-result.ts';
export { putBackStuck, stuckLimits } from './put-back-stuck.ts';
export { ALIVE_FILE, createScratchRoot, findOrphans, removeDir, removeOrphans } from './scratch.ts';
export { describeFailure, type Deed, type Results, type UpkeepOptions } from './upkeep.ts';
