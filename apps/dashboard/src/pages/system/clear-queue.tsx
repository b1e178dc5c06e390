import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { systemQuery } from '../../api/queries.ts';
import { BulkDialog } from '../../bulk/bulk-dialog.tsx';

const WAITING = { filter: { status: 'queued' } };

/** Cancels all jobs that wait. It says first how many, and which. */
export function ClearQueue() {
  const client = useQueryClient();
  const [isOpen, setIsOpen] = useState(false);
  const close = (): void => {
    setIsOpen(false);
    void client.invalidateQueries({ queryKey: systemQuery.queryKey });
  };
  return (
    <>
      <button type="button" className="danger" onClick={() => setIsOpen(true)}>
        Clear the queue …
      </button>
      {isOpen && <BulkDialog action="cancel" target={WAITING} title="Clear the queue" onClose={close} />}
    </>
  );
}
