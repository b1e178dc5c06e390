import type { JobView, Priority } from '@tapedeck/contracts';
import { useState } from 'react';
import { Confirm } from '../../ui/confirm.tsx';
import { DeleteDialog } from './delete-dialog.tsx';
import { listActions, type JobAction } from './job-state.ts';
import { useJobActions } from './use-job-actions.ts';

const PRIORITY_CHOICES: readonly Priority[] = ['high', 'normal', 'low'];

interface JobActionsProps {
  job: JobView;
  /** undefined while it is not known. */
  priority: Priority | undefined;
}

/** What an admin can do to the job as it is now. Its callback is sent again where its tries are listed. */
export function JobActions({ job, priority }: JobActionsProps) {
  const { carryOut, isBusy } = useJobActions(job.jobId);
  const [asked, setAsked] = useState<'cancel' | 'reconvert' | 'delete'>();
  const actions = listActions(job);
  const has = (action: JobAction): boolean => actions.includes(action);
  const close = (): void => setAsked(undefined);
  return (
    <div className="buttons job-actions">
      {has('retry') && (
        <button type="button" className="primary" disabled={isBusy} onClick={() => carryOut({ action: 'retry' })}>
          Retry
        </button>
      )}
      {has('priority') && priority && (
        <PriorityForm
          key={priority}
          priority={priority}
          isBusy={isBusy}
          onChange={(chosen) => carryOut({ action: 'priority', priority: chosen })}
        />
      )}
      {has('reconvert') && (
        <button type="button" disabled={isBusy} onClick={() => setAsked('reconvert')}>
          Convert again
        </button>
      )}
      {has('cancel') && (
        <button type="button" className="danger" disabled={isBusy} onClick={() => setAsked('cancel')}>
          Cancel
        </button>
      )}
      <button type="button" className="danger" disabled={isBusy} onClick={() => setAsked('delete')}>
        Delete
      </button>
      {asked === 'cancel' && has('cancel') && (
        <Confirm
          title="Cancel this job?"
          action="Cancel the job"
          isDanger
          isBusy={isBusy}
          onConfirm={() => carryOut({ action: 'cancel' }, { onSettled: close })}
          onClose={close}
        >
          <p>
            {job.kind} <b>{job.slug}</b> ({job.reference}) ends without a result, and its caller is told so. It can be
            retried, from the start.
          </p>
        </Confirm>
      )}
      {asked === 'reconvert' && has('reconvert') && (
        <Confirm
          title="Convert it again?"
          action="Convert again"
          isBusy={isBusy}
          onConfirm={() => carryOut({ action: 'reconvert' }, { onSettled: close })}
          onClose={close}
        >
          <p>
            A new job does the same request once more. When it is done, its result takes the place of <b>{job.slug}</b>{' '}
            in <b>{job.bucket}</b>, and the caller is told again.
          </p>
        </Confirm>
      )}
      {asked === 'delete' && (
        <DeleteDialog
          job={job}
          isBusy={isBusy}
          onConfirm={(withFiles) => carryOut({ action: 'delete', withFiles }, { onSettled: close })}
          onClose={close}
        />
      )}
    </div>
  );
}

interface PriorityFormProps {
  priority: Priority;
  isBusy: boolean;
  onChange(priority: Priority): void;
}

/** Chosen first and changed then: by the keyboard one passes through every choice. */
function PriorityForm({ priority, isBusy, onChange }: PriorityFormProps) {
  const [chosen, setChosen] = useState(priority);
  return (
    <form
      className="buttons"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(chosen);
      }}
    >
      <label className="buttons">
        Priority
        <select value={chosen} onChange={({ currentTarget }) => setChosen(currentTarget.value as Priority)}>
          {PRIORITY_CHOICES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <button type="submit" disabled={isBusy || chosen === priority}>
        Change
      </button>
    </form>
  );
}
