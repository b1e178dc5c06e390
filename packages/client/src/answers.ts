import type { Accepted, BatchAnswer, Job, JobList } from './contract.ts';
import { isRecord } from './json.ts';

// By what tells an answer of the API from that of something else. The rest is the API's to keep, and held by its tests.

export function isAccepted(body: unknown): body is Accepted {
  return isRecord(body) && typeof body['jobId'] === 'string' && typeof body['statusUrl'] === 'string';
}

/** With one result for each of the jobs, in their order: whoever sent them goes by that. */
export function isBatchAnswer(body: unknown, jobCount: number): body is BatchAnswer {
  if (!isRecord(body) || !Array.isArray(body['results']) || body['results'].length !== jobCount) return false;
  return body['results'].every(
    (result, index) =>
      isRecord(result) && result['index'] === index && (isAccepted(result['job']) || isRecord(result['problem'])),
  );
}

export function isJob(body: unknown): body is Job {
  return (
    isRecord(body) && typeof body['jobId'] === 'string' && typeof body['status'] === 'string' && 'finishedAt' in body
  );
}

export function isJobList(body: unknown): body is JobList {
  return isRecord(body) && Array.isArray(body['jobs']) && body['jobs'].every(isJob);
}
