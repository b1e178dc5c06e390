import { Link } from 'wouter';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { formatBytes, formatCount } from '../../ui/format.ts';
import { BEGIN_AGAIN, ErrorState } from '../../ui/states.tsx';
import { isJobId } from '../../ui/job-id.ts';
import { countHidden, summarize, type CleanupDeed, type CleanupLog } from './cleanup-log.ts';
import type { CleanupRun } from './use-cleanup.ts';

/** What a cleanup did, or would do. */
export function CleanupReport({ run: { dryRun, log, state, error } }: { run: CleanupRun }) {
  return (
    <div className="cleanup-report" aria-busy={state === 'running'}>
      <p role="status">
        <b>{describeState(dryRun, state, log)}</b>
      </p>
      {error && <ErrorState error={error} whenUnreachable={BEGIN_AGAIN} />}
      <Deeds log={log} dryRun={dryRun} />
    </div>
  );
}

function describeState(dryRun: boolean, state: CleanupRun['state'], log: CleanupLog): string {
  const told = log.done + log.skipped + log.failed;
  if (state === 'running') return `${dryRun ? 'Looking' : 'Cleaning up'} … ${told > 0 ? summarize(log, dryRun) : ''}`;
  if (state !== 'over') {
    const end = state === 'stopped' ? 'Stopped' : 'Broke off';
    return told === 0 ? `${end} before anything was told.` : `${end} before the end: ${summarize(log, dryRun)}.`;
  }
  if (told === 0) return dryRun ? 'There is nothing to do.' : 'There was nothing to do.';
  return `${dryRun ? 'Nothing was changed: ' : 'Over: '}${summarize(log, dryRun)}.`;
}

const OUTCOME_TONES: Record<CleanupDeed['outcome'], Tone> = { done: 'good', skipped: 'quiet', failed: 'bad' };

function Deeds({ log, dryRun }: { log: CleanupLog; dryRun: boolean }) {
  const deeds = [...log.failures, ...log.deeds];
  const hidden = countHidden(log);
  if (deeds.length === 0) return null;
  return (
    <div className="deeds" role="region" aria-label="What the cleanup has told" tabIndex={0}>
      <table>
        <caption className="visually-hidden">What failed first, then the rest</caption>
        <thead>
          <tr>
            <th scope="col">Outcome</th>
            <th scope="col">What</th>
          </tr>
        </thead>
        <tbody>
          {deeds.map((deed, row) => (
            <Deed key={row} deed={deed} dryRun={dryRun} />
          ))}
        </tbody>
      </table>
      {hidden > 0 && <p className="muted">and {formatCount(hidden)} more</p>}
    </div>
  );
}

function Deed({ deed: { outcome, about, what, sizeBytes }, dryRun }: { deed: CleanupDeed; dryRun: boolean }) {
  return (
    <tr>
      <td>
        <Badge tone={OUTCOME_TONES[outcome]}>{dryRun && outcome === 'done' ? 'to do' : outcome}</Badge>
      </td>
      <td className="deed-what">
        {isJobId(about) ? <Link href={`/jobs/${encodeURIComponent(about)}`}>{about}</Link> : <code>{about}</code>}
        <span>
          {what}
          {sizeBytes !== null && `, ${formatBytes(sizeBytes)}`}
        </span>
      </td>
    </tr>
  );
}
