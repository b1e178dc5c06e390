import { sourceUrlOf, type ConvertRequest, type JobDetails } from '@tapedeck/contracts';
import { loadHistory, type JobRecord } from '@tapedeck/jobs';
import type { Results } from '@tapedeck/upkeep';
import type { FastifyInstance } from 'fastify';
import { orUnavailable, requireRecord } from '../job-access.ts';
import { describePlayback } from './media.ts';
import { ADMIN_API_PATH } from './paths.ts';

/** `GET /admin/api/jobs/:jobId/details` */
export async function jobDetailsRoute(app: FastifyInstance, results: Results): Promise<void> {
  app.get<{ Params: { jobId: string } }>(`${ADMIN_API_PATH}/jobs/:jobId/details`, ({ params }) =>
    orUnavailable(async () => describeJob(results, await requireRecord(results.redis, params.jobId))),
  );
}

async function describeJob(results: Results, record: JobRecord): Promise<JobDetails> {
  const { jobId, request, caller, run, outputName } = record;
  const [playback, history] = await Promise.all([describePlayback(results, record), loadHistory(results.redis, jobId)]);
  return {
    ...{ caller, run, outputName, playback, history },
    priority: request.priority,
    sourceUrl: withoutSecrets(sourceUrlOf(request)),
    callbackUrl: withoutSecrets(request.callbackUrl),
    options: pickOptions(request),
  };
}

/** Who looks at jobs need not have what signs their sources, or lets in at their receivers. */
function withoutSecrets(text: string): string {
  const url = URL.parse(text);
  if (!url) return text;
  const query = url.search === '' ? '' : '?…';
  return `${url.protocol}//${url.username === '' ? '' : '…@'}${url.host}${decodePath(url.pathname)}${query}`;
}

/** As people write it. */
function decodePath(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function pickOptions(request: ConvertRequest): JobDetails['options'] {
  if (request.kind === 'hls') return { ...request.options, ladder: request.ladder };
  const { options, upload } = request;
  return { ...options, ...(upload && { uploadedTo: withoutSecrets(upload.putUrl) }) };
}
