import type { Job } from '@tapedeck/client';
import { printable } from '../printable.ts';
import type { ProgressFigures } from '../progress/format-progress.ts';

/** How far a job is, for a bar. */
export function progressOf({ progress, phase, status, positionInQueue, estimatedCompletionAt }: Job): ProgressFigures {
  const leftMs = estimatedCompletionAt === null ? undefined : Date.parse(estimatedCompletionAt) - Date.now();
  return {
    percent: progress,
    phase: printable(phase ?? status),
    ...(positionInQueue !== null && { speed: `number ${positionInQueue} in the queue` }),
    ...(leftMs !== undefined && leftMs > 0 && { leftSec: leftMs / 1000 }),
  };
}

/** How a job is, or how it ended, in a line; then where its results are, each in one. */
export function describeJob(job: Job): string {
  const { status, jobId, slug, error, progress, phase } = job;
  const doing = status === 'processing' ? ` ${Math.floor(progress)} %${phase === null ? '' : `, ${phase}`}` : '';
  const why = error === null ? '' : `: ${error.code}: ${error.message}`;
  const head = `${status.padEnd(11)}${jobId}  ${slug}${doing}${why}`;
  return [head, ...listUrls(job).map((url) => `  ${url}`)].map((line) => `${printable(line)}\n`).join('');
}

/** What was published, the recording itself first. */
function listUrls({ output }: Job): string[] {
  if (output === null) return [];
  const urls =
    'mp4Url' in output ? [output.mp4Url, output.posterUrl] : [output.hlsUrl, output.posterUrl, output.storyboardUrl];
  return urls.filter((url) => url !== undefined);
}
