import { JOB_STATUSES, JobError, type BulkRequest, type JobStatus } from '@tapedeck/contracts';
import { cancelJob, changePriority, replayCallback, retryJob, type JobRecord } from '@tapedeck/jobs';
import { createReconverter, type Deed } from '@tapedeck/upkeep';
import { deleteJob, type DeleteOptions } from '../routes/delete-job.ts';

/** What is done to each of many jobs. */
export interface BulkWork {
  /** Of which jobs it is: others have nothing for it to do. */
  statuses: readonly JobStatus[];
  /** @throws what went wrong; JobErrors below 500 say that it is not to be done to this one */
  work(record: JobRecord): Promise<void>;
}

const ALIVE: readonly JobStatus[] = ['queued', 'processing'];
const ENDED: readonly JobStatus[] = ['completed', 'failed', 'canceled'];

/** @param batch a name that nothing else has had: within it, each job is submitted again once */
export function createBulkWork(
  options: DeleteOptions,
  { action, deleteFiles, priority }: Omit<BulkRequest, 'dryRun' | 'jobIds' | 'filter'>,
  batch: string,
): BulkWork {
  const [firstWaitMs = 0] = options.config.CALLBACK_SCHEDULE_MS;
  switch (action) {
    case 'retry':
      return {
        statuses: ['failed', 'canceled'],
        async work(record) {
          const result = await retryJob(options, record);
          if (result === 'refused' || result === 'gone') throw changedMeanwhile();
          if (result === 'replaced') throw notNow('another job does the same already');
        },
      };
    case 'cancel':
      return {
        statuses: ALIVE,
        async work(record) {
          if ((await cancelJob(options, record, firstWaitMs)) === 'ended') throw changedMeanwhile();
        },
      };
    case 'delete':
      return { statuses: JOB_STATUSES, work: async ({ jobId }) => void (await deleteJob(options, jobId, deleteFiles)) };
    case 'reconvert':
      return { statuses: ENDED, work: createReconversion(options, batch) };
    case 'callback':
      return {
        statuses: ENDED,
        async work(record) {
          if (!(await replayCallback(options, record))) throw changedMeanwhile();
        },
      };
    case 'priority':
      return {
        statuses: ['queued'],
        async work(record) {
          if (!priority || !(await changePriority(options, record, priority))) throw changedMeanwhile();
        },
      };
  }
}

/** Behind the jobs of callers, and of one result once; see createReconverter. */
function createReconversion(backend: DeleteOptions, batch: string): BulkWork['work'] {
  const deeds = new Map<string, Deed>();
  const onDeed = (deed: Deed): void => void deeds.set(deed.about, deed);
  const reconvert = createReconverter({ backend, batch, dryRun: false, onDeed });
  return async (record) => {
    await reconvert(record);
    const deed = deeds.get(record.jobId);
    deeds.delete(record.jobId);
    if (deed && deed.outcome !== 'done') throw notNow(deed.what);
  };
}

const notNow = (why: string): JobError => new JobError('JOB_STATE_CONFLICT', why);
const changedMeanwhile = (): JobError => notNow('it has changed meanwhile');
