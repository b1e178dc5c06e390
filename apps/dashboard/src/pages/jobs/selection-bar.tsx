import type { BulkAction, JobList } from '@tapedeck/contracts';
import { useState } from 'react';
import { BulkDialog } from '../../bulk/bulk-dialog.tsx';
import { BULK_WORDS, countJobs } from '../../bulk/bulk-words.ts';
import type { JobSelection } from './use-job-selection.ts';

const ACTIONS: readonly BulkAction[] = ['retry', 'cancel', 'reconvert', 'callback', 'priority', 'delete'];

/** What can be done to what is selected. It lies over the end of the list, and moves nothing. */
export function SelectionBar({ list, selection }: { list: JobList; selection: JobSelection }) {
  const [action, setAction] = useState<BulkAction>();
  const { target, clear } = selection;
  if (!target) return null;
  return (
    <section className="selection-bar" aria-label="Selected jobs">
      <Selected list={list} selection={selection} />
      <div className="buttons">
        {ACTIONS.map((one) => (
          <button key={one} type="button" className={one === 'delete' ? 'danger' : ''} onClick={() => setAction(one)}>
            {BULK_WORDS[one].label} …
          </button>
        ))}
      </div>
      {action && (
        <BulkDialog
          action={action}
          target={target}
          onClose={(wasBegun) => {
            setAction(undefined);
            if (wasBegun) clear();
          }}
        />
      )}
    </section>
  );
}

function Selected({ list, selection }: { list: JobList; selection: JobSelection }) {
  const { count, elsewhere, selectPage, selectAll, clear } = selection;
  const total = countJobs(list.total, list.totalIsEstimate);
  return (
    <div className="buttons">
      <strong role="status">
        {count === undefined ? `All ${total} that fit` : `${countJobs(count)} selected`}
        {elsewhere > 0 && <span className="muted"> ({countJobs(elsewhere)} not on this page)</span>}
      </strong>
      {selectPage && (
        <button type="button" className="plain link" onClick={selectPage}>
          Select this page
        </button>
      )}
      {count !== undefined && count < list.total && selectAll && (
        <button type="button" className="plain link" onClick={selectAll}>
          Select all {total} that fit
        </button>
      )}
      {!selectAll && (
        <span className="muted">All that fit can be selected when they are in the order of acceptance.</span>
      )}
      <button type="button" className="plain link" onClick={clear}>
        Select none
      </button>
    </div>
  );
}
