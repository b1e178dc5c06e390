import type { BulkAction } from '@tapedeck/contracts';
import { BEGIN_AGAIN, ErrorState } from '../ui/states.tsx';
import { ProgressBar } from '../ui/progress-bar.tsx';
import { formatCount } from '../ui/format.ts';
import { describeSum } from './bulk-words.ts';
import type { BulkRun } from './use-bulk-run.ts';

export interface BulkRunStepProps {
  action: BulkAction;
  run: BulkRun;
  onStop: () => void;
  onClose: () => void;
}

/** How far it is, and what came of it. */
export function BulkRunStep({ action, run, onStop, onClose }: BulkRunStepProps) {
  const { state, told: progress, error } = run;
  const isRunning = state === 'running';
  const percent = progress.total === 0 ? (isRunning ? 0 : 100) : Math.min(100, (progress.seen / progress.total) * 100);
  return (
    <>
      <div className="dialog-body bulk-body">
        <ProgressBar percent={percent} label="Progress" />
        <p>
          {formatCount(progress.seen)} of {formatCount(Math.max(progress.total, progress.seen))} jobs looked at
          {state === 'stopped' && ': it was stopped'}.
        </p>
        <p role="status">{isRunning ? '' : describeSum(action, progress)}</p>
        {progress.lastProblem !== null && <p className="muted">The last problem: {progress.lastProblem}</p>}
        {error && <ErrorState error={error} whenUnreachable={BEGIN_AGAIN} />}
        {state === 'stopped' && <p>What was done stays done, and nothing more is done.</p>}
      </div>
      <div className="buttons end">
        {isRunning ? (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button type="button" className="primary" onClick={onClose} autoFocus>
            Close
          </button>
        )}
      </div>
    </>
  );
}
