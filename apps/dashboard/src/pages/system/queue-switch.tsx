import type { QueueView } from '@tapedeck/contracts';
import { useState } from 'react';
import { Confirm } from '../../ui/confirm.tsx';
import { formatCount } from '../../ui/format.ts';
import { useChange } from './use-change.ts';

const PAUSE_MEANS: Record<QueueView['name'], string> = {
  conversions: 'Jobs are still accepted and wait here; nobody begins one until somebody resumes the queue.',
  callbacks: 'Jobs still run and end; nobody tells their callers until somebody resumes the queue.',
};

/** Stops a whole queue, and lets it go on. */
export function QueueSwitch({ queue: { name, isPaused, waiting, active } }: { queue: QueueView }) {
  // Somebody else may do it meanwhile: what one was asked stays what will be done.
  const [asked, setAsked] = useState<'pause' | 'resume'>();
  const { mutate, isPending } = useChange();
  const close = () => setAsked(undefined);
  const label = isPaused ? 'Resume' : 'Pause';
  const title = `${asked === 'pause' ? 'Pause' : 'Resume'} the queue of ${name}`;
  const done = asked === 'pause' ? `The queue of ${name} is paused.` : `The queue of ${name} goes on.`;
  return (
    <>
      <button
        type="button"
        aria-label={`${label} the queue of ${name}`}
        disabled={isPending}
        onClick={() => setAsked(isPaused ? 'resume' : 'pause')}
      >
        {label}
      </button>
      {asked && (
        <Confirm
          title={`${title}?`}
          action={title}
          isBusy={isPending}
          onConfirm={() => mutate({ path: `/api/queues/${name}/${asked}`, done }, { onSettled: close })}
          onClose={close}
        >
          {asked === 'resume' ? (
            <p>Workers take what waits again: {formatCount(waiting)} now.</p>
          ) : (
            <p>
              {PAUSE_MEANS[name]} What is active goes on to its end: {formatCount(active)} now. The pause holds for all
              workers, also for those that start later.
            </p>
          )}
        </Confirm>
      )}
    </>
  );
}
