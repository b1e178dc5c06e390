import type { Redis } from '@tapedeck/jobs';
import type { ObjectStore, StoreAddresses } from '@tapedeck/transfer';

/** Something that was done, or that a dry run would do. */
export interface Deed {
  /** `skipped`: there is nothing to do, or it is not ours to do. */
  outcome: 'done' | 'skipped' | 'failed';
  /** A job's id, a slug of a bucket, or a directory. */
  about: string;
  /** In words for a person: what was to be done, or why it was not. */
  what: string;
  sizeBytes?: number;
}

/** How everything here is carried out. */
export interface UpkeepOptions {
  /** Changes nothing; deeds say what would be done. */
  dryRun: boolean;
  /** Hears of each thing as it is done. One that fails is told here, and holds up no other. */
  onDeed: (deed: Deed) => void;
  signal: AbortSignal;
}

/** Where results are, and whose. */
export interface Results {
  redis: Redis;
  store: ObjectStore;
  addresses: StoreAddresses;
}

/** For a person: without a stack, and without what an error was caused by. */
export function describeFailure(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
