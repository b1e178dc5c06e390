import type { Accepted, BatchAnswer, Job, JobList } from './contract.ts';
import { isRecord } from './json.ts';

// By what tells an answer of the API from that of something else. The rest is the API's to keep, and held by its tests.

export function isAccepted(body: unknown): body is Accepted {
  return isRecord(body) && typeof body['jobId'] === 'string' && typeof body['statusUrl'] === 'string';
}

export function isBatchAnswer(body: unknown): body is BatchAnswer {
  return isRecord(body) && Array.isArray(body['results']);
}

export function isJob(body: unknown): body is Job {
  return isRecord(body) && typeof body['jobId'] === 'string' && 'finishedAt' in body;
}

export function isJobList(body: unknown): body is JobList {
  return isRecord(body) && Array.isArray(body['jobs']);
}
