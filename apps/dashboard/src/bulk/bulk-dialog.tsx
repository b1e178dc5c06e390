import type { BulkAction, Priority } from '@tapedeck/contracts';
import { useId, useState } from 'react';
import { useModal } from '../ui/use-modal.ts';
import { BulkPreviewStep } from './bulk-preview.tsx';
import { BulkRunStep } from './bulk-run-step.tsx';
import type { BulkOrder, BulkTarget } from './bulk-run.ts';
import { BULK_WORDS } from './bulk-words.ts';
import './bulk.css';
import { useBulkRun } from './use-bulk-run.ts';

export interface BulkDialogProps {
  action: BulkAction;
  target: BulkTarget;
  /** Says for what it is, where the action alone does not: `Clear the queue`. */
  title?: string;
  /** @param wasBegun something may have been changed */
  onClose: (wasBegun: boolean) => void;
}

/**
 * The same to many jobs: says first what it would come to, then how far it is, and at the end what came of it. To close
 * it is to stop it.
 */
export function BulkDialog({ action, target, title = BULK_WORDS[action].title, onClose }: BulkDialogProps) {
  const dialog = useModal();
  const titleId = useId();
  const [deleteFiles, setDeleteFiles] = useState(false);
  const [priority, setPriority] = useState<Priority>('high');
  const { run, start, stop } = useBulkRun();
  const order: BulkOrder = {
    ...target,
    action,
    ...(action === 'delete' && { deleteFiles }),
    ...(action === 'priority' && { priority }),
  };
  const isRunning = run?.state === 'running';
  return (
    <dialog
      ref={dialog}
      className="bulk"
      aria-labelledby={titleId}
      onCancel={(event) => isRunning && event.preventDefault()}
      onClose={() => {
        stop();
        onClose(run !== undefined);
      }}
    >
      <h2 id={titleId}>{title}</h2>
      {run ? (
        <BulkRunStep action={action} run={run} onStop={stop} onClose={() => dialog.current?.close()} />
      ) : (
        <BulkPreviewStep order={order} onStart={() => start(order)} onClose={() => dialog.current?.close()}>
          {action === 'delete' && <DeleteFilesField isOn={deleteFiles} onChange={setDeleteFiles} />}
          {action === 'priority' && <PriorityField priority={priority} onChange={setPriority} />}
        </BulkPreviewStep>
      )}
    </dialog>
  );
}

function DeleteFilesField({ isOn, onChange }: { isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <div className="bulk-option">
      <label>
        <input type="checkbox" checked={isOn} onChange={({ target }) => onChange(target.checked)} /> Delete their
        results, too
      </label>
      <p className="muted">
        {isOn
          ? 'MP4s, streams and posters go from the store: whoever links to them finds nothing.'
          : 'MP4s, streams and posters stay in the store, and no job leads to them.'}
      </p>
    </div>
  );
}

const PRIORITIES: readonly Priority[] = ['high', 'normal', 'low'];

interface PriorityFieldProps {
  priority: Priority;
  onChange: (priority: Priority) => void;
}

function PriorityField({ priority, onChange }: PriorityFieldProps) {
  const name = useId();
  return (
    <fieldset className="bulk-option chips">
      <legend>Priority</legend>
      {PRIORITIES.map((one) => (
        <label key={one} className="chip">
          <input type="radio" name={name} checked={one === priority} onChange={() => onChange(one)} />
          {one}
        </label>
      ))}
    </fieldset>
  );
}
