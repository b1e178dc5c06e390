import type { Happening, HistoryEntry, JobView } from '@tapedeck/contracts';
import { useSession } from '../../api/session.ts';
import { Age } from '../../ui/age.tsx';
import { CallbackBadge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { useNowMs } from '../../ui/clock.ts';
import { formatDuration } from '../../ui/format.ts';
import { describeNext, type CallbackTry } from './callback-tries.ts';
import { listActions } from './job-state.ts';
import { Section } from './section.tsx';
import { useJobActions } from './use-job-actions.ts';

type CallbackResent = Extract<Happening, { what: 'callback-resent' }> & { atMs: number };

interface CallbackSectionProps {
  job: JobView;
  callbackUrl: string;
  history: readonly HistoryEntry[];
}

/** Whether the caller was told, and what he answered. */
export function CallbackSection({ job, callbackUrl, history }: CallbackSectionProps) {
  const { mayChange } = useSession();
  const { callback, finishedAt } = job;
  const tries = history
    .filter(
      (entry): entry is CallbackTry | CallbackResent => entry.what === 'callback' || entry.what === 'callback-resent',
    )
    .reverse();
  return (
    <Section title="Callback" aside={finishedAt !== null && <CallbackBadge status={callback.status} />}>
      <p className="url-line">
        <span className="break">{callbackUrl}</span>
        <CopyButton text={callbackUrl} label="Copy the callback's address" />
      </p>
      {finishedAt === null && <p className="muted">It is sent when the job has ended.</p>}
      {finishedAt !== null && tries.length === 0 && (
        <p className="muted">
          {callback.attempts === 0
            ? 'It was not tried yet.'
            : `Tried ${callback.attempts} times; the last answer was ${callback.lastStatus ?? 'none'}.`}
        </p>
      )}
      {tries.length > 0 && <Tries tries={tries} />}
      {mayChange && listActions(job).includes('callback') && <Resend jobId={job.jobId} />}
    </Section>
  );
}

function Resend({ jobId }: { jobId: string }) {
  const { carryOut, isBusy } = useJobActions(jobId);
  return (
    <p className="buttons">
      <button type="button" disabled={isBusy} onClick={() => carryOut({ action: 'callback' })}>
        Send it again
      </button>
    </p>
  );
}

function Tries({ tries }: { tries: readonly (CallbackTry | CallbackResent)[] }) {
  return (
    <div className="scroll" role="region" aria-label="Tries" tabIndex={0}>
      <table className="tries">
        <caption className="visually-hidden">Every try, the newest first</caption>
        <thead>
          <tr>
            {['When', 'Answer', 'Took', 'Then'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tries.map((one, index) => (
            <tr key={`${one.atMs} ${index}`}>
              <td>
                <Age at={one.atMs} />
              </td>
              {one.what === 'callback-resent' ? (
                <td colSpan={3}>Sent again by hand</td>
              ) : (
                <TryCells one={one} isLast={index === 0} />
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TryCells({ one, isLast }: { one: CallbackTry; isLast: boolean }) {
  const nowMs = useNowMs();
  return (
    <>
      <td>{one.httpStatus === null ? 'no answer' : `HTTP ${one.httpStatus}`}</td>
      <td>{formatDuration(one.durationMs / 1000)}</td>
      <td>{describeNext(one, isLast, nowMs)}</td>
    </>
  );
}
