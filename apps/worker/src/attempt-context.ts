import type { ConvertRequest, HlsRequest, TapeRequest } from '@tapedeck/contracts';
import type { ConversionContext } from '@tapedeck/conversion';
import type { Places } from '@tapedeck/jobs';
import type { MediaTools } from '@tapedeck/media';
import type { ObjectStore, StoreAddresses, UrlPolicy } from '@tapedeck/transfer';
import type { Dispatcher } from 'undici';
import type { WorkerConfig } from './config.ts';
import type { ProgressReporter } from './progress-reporter.ts';

/** What every attempt of this process shares. */
export interface Equipment {
  config: WorkerConfig;
  tools: MediaTools;
  store: ObjectStore;
  agent: Dispatcher;
  policy: UrlPolicy;
  addresses: StoreAddresses;
}

/**
 * What the first and the last stage need besides: those that know networks and stores. They know nothing of Redis or of
 * the queue either.
 */
export interface AttemptContext<Request extends ConvertRequest = ConvertRequest>
  extends Equipment, Omit<ConversionContext<Request>, keyof Equipment> {
  jobId: string;
  progress: ProgressReporter;
  /** Throws when another attempt holds the job. Asked right before anything becomes public. */
  assertHolder(): Promise<void>;
  /** Says which keys are going to be put, before the first is. */
  announcePublishing(places: Places): Promise<void>;
  /** Asks for the removal, later on, of segments below a slug that no playlist names any more. */
  scheduleCleanup(): Promise<void>;
  /** Runs while no other job replaces, or removes, the objects at this one's place. */
  publishInTurn<T>(work: () => Promise<T>): Promise<T>;
}

export type TapeAttempt = AttemptContext<TapeRequest>;
export type HlsAttempt = AttemptContext<HlsRequest>;
