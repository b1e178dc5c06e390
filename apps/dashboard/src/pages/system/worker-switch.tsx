import type { WorkerView } from '@tapedeck/contracts';
import { useState } from 'react';
import { useSession } from '../../api/session.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { useChange } from './use-change.ts';

/** Takes a worker out of the fleet for a while, and back in. */
export function WorkerSwitch({ workerId, isPaused, busy }: Pick<WorkerView, 'workerId' | 'isPaused' | 'busy'>) {
  const { mayChange } = useSession();
  const [isAsking, setIsAsking] = useState(false);
  const { mutate, isPending } = useChange();
  const path = `/api/workers/${encodeURIComponent(workerId)}`;
  const close = () => setIsAsking(false);
  const pause = () => mutate({ path: `${path}/pause`, done: `${workerId} is paused.` }, { onSettled: close });
  const resume = () => mutate({ path: `${path}/resume`, done: `${workerId} takes jobs again.` });
  if (!mayChange) return null;
  return (
    <>
      <button
        type="button"
        aria-label={`${isPaused ? 'Resume' : 'Pause'} ${workerId}`}
        disabled={isPending}
        onClick={() => (isPaused ? resume() : setIsAsking(true))}
      >
        {isPaused ? 'Resume' : 'Pause'}
      </button>
      {isAsking && (
        <Confirm
          title={`Pause ${workerId}?`}
          action="Pause this worker"
          isBusy={isPending}
          onConfirm={pause}
          onClose={close}
        >
          <p>It takes no other job until somebody resumes it. {describeRunning(busy)}</p>
        </Confirm>
      )}
    </>
  );
}

function describeRunning(busy: number): string {
  if (busy === 0) return 'It runs none now.';
  return busy === 1 ? 'The job that it runs goes on to its end.' : `The ${busy} jobs that it runs go on to their end.`;
}
