import type { Happening, HistoryEntry, JobView } from '@tapedeck/contracts';
import { Age } from '../../ui/age.tsx';
import { CallbackBadge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { formatAge, formatDuration } from '../../ui/format.ts';
import { useNowMs } from '../../ui/clock.ts';
import { Section } from './section.tsx';

type CallbackTry = Extract<Happening, { what: 'callback' }> & { atMs: number };
type CallbackResent = Extract<Happening, { what: 'callback-resent' }> & { atMs: number };

interface CallbackSectionProps {
  job: JobView;
  callbackUrl: string;
  history: readonly HistoryEntry[];
}

/** Whether the caller was told, and what he answered. */
export function CallbackSection({ job: { callback, finishedAt }, callbackUrl, history }: CallbackSectionProps) {
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
    </Section>
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
              {one.what === 'callback-resent' ? <td colSpan={3}>Sent again by hand</td> : <TryCells {...one} />}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TryCells({ status, httpStatus, durationMs, nextTryInMs, atMs }: CallbackTry) {
  const nowMs = useNowMs();
  const nextAtMs = nextTryInMs === null ? null : atMs + nextTryInMs;
  return (
    <>
      <td>{httpStatus === null ? 'no answer' : `HTTP ${httpStatus}`}</td>
      <td>{formatDuration(durationMs / 1000)}</td>
      <td>
        {status !== 'pending' || nextAtMs === null
          ? status
          : `again ${formatAge(nextAtMs, nowMs).replace('just now', 'now')}`}
      </td>
    </>
  );
}
