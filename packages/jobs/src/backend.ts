import type { Journal } from './journal.ts';
import type { Queues } from './queues.ts';
import type { Redis } from './redis.ts';

/** Where jobs are: the record in Redis, its entry in a queue, and what of it must outlive Redis. */
export interface Backend {
  redis: Redis;
  queues: Queues;
  /** Absent with JOB_JOURNAL=off: then what Redis loses is lost. */
  journal: Journal | undefined;
}
