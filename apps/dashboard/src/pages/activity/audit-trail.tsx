import type { AuditAnswer, AuditEntry } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { auditQuery, POLL_MS } from '../../api/queries.ts';
import { Age } from '../../ui/age.tsx';
import { Answer } from '../../ui/answer.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { isJobId } from '../../ui/job-id.ts';
import { EmptyState } from '../../ui/states.tsx';
import { describeAction, describeVia } from './describe-action.ts';
import { buildViewUrl } from './view.ts';

/** @param before from where on; undefined for the newest, which are asked for again and again: nobody tells of them */
export function AuditTrail({ before }: { before: string | undefined }) {
  const query = useQuery({ ...auditQuery(before), refetchInterval: before === undefined && POLL_MS });
  return (
    <Answer query={query} rows={10}>
      {(answer) => (
        <div aria-busy={query.isPlaceholderData}>
          {answer.entries.length === 0 ? <NothingDone before={before} /> : <Page answer={answer} before={before} />}
        </div>
      )}
    </Answer>
  );
}

function NothingDone({ before }: { before: string | undefined }) {
  return (
    <EmptyState title={before === undefined ? 'Nobody has done anything by hand yet.' : 'There is nothing older.'}>
      {before === undefined ? (
        <p>Sign-ins, and all that people change here or by an API key, will be told here.</p>
      ) : (
        <Link href={buildViewUrl({ show: 'audit', before: undefined })}>Back to the newest</Link>
      )}
    </EmptyState>
  );
}

function Page({ answer: { entries, next }, before }: { answer: AuditAnswer; before: string | undefined }) {
  return (
    <>
      <Pager next={next} before={before} label="Pages of the audit trail, above it" />
      <Entries entries={entries} />
      <Pager next={next} before={before} label="Pages of the audit trail, below it" />
    </>
  );
}

function Pager({ next, before, label }: { next: string | null; before: string | undefined; label: string }) {
  const toTop = (): void => window.scrollTo({ top: 0 });
  return (
    <nav aria-label={label} className="buttons end audit-pager">
      {before !== undefined && (
        <Link className="button" href={buildViewUrl({ show: 'audit', before: undefined })} onClick={toTop}>
          Newest
        </Link>
      )}
      {next !== null && (
        <Link className="button" href={buildViewUrl({ show: 'audit', before: next })} onClick={toTop}>
          Older
        </Link>
      )}
    </nav>
  );
}

/** Roles are said once more: where the rows are blocks, on a narrow screen, browsers take them for no table. */
function Entries({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <table role="table" className="audit">
      <caption className="visually-hidden">What people have done or tried to do, the newest first</caption>
      <thead role="rowgroup">
        <tr role="row">
          {['When', 'Who', 'What', 'About', 'Outcome', 'Address'].map((title) => (
            <th key={title} role="columnheader" scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {entries.map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </tbody>
    </table>
  );
}

const OUTCOME_TONES: Record<AuditEntry['outcome'], Tone> = { done: 'good', refused: 'warn', failed: 'bad' };

function Entry({ entry: { atMs, who, via, action, about, outcome, status, ip } }: { entry: AuditEntry }) {
  return (
    <tr role="row">
      <td role="cell" className="audit-when">
        <Age at={atMs} />
      </td>
      <td role="cell" className="audit-who">
        {who ?? <i>nobody known</i>} <span className="muted">{describeVia(via)}</span>
      </td>
      <td role="cell" className="audit-what">
        {describeAction(action) ?? <code>{action}</code>}
      </td>
      <td role="cell" className="audit-about">
        {isJobId(about) ? <Link href={`/jobs/${encodeURIComponent(about)}`}>{about}</Link> : about}
      </td>
      <td role="cell" className="audit-outcome">
        <Badge tone={OUTCOME_TONES[outcome]}>{outcome}</Badge> <span className="muted">HTTP {status}</span>
      </td>
      <td role="cell" className="audit-ip muted">
        {ip}
      </td>
    </tr>
  );
}
