import { useId, type ReactNode } from 'react';
import { useModal } from './use-modal.ts';

export interface ConfirmProps {
  title: string;
  /** Names what will happen, and to what. */
  children: ReactNode;
  /** A verb: `Delete 3 jobs`. */
  action: string;
  isDanger?: boolean;
  isBusy?: boolean;
  onConfirm(): void;
  onClose(): void;
}

/** Asks before something is done. Escape, and a click on Keep, leave everything as it is. */
export function Confirm({ title, children, action, isDanger, isBusy, onConfirm, onClose }: ConfirmProps) {
  const dialog = useModal();
  const titleId = useId();
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onClose}>
      <h2 id={titleId}>{title}</h2>
      <div className="dialog-body">{children}</div>
      <div className="buttons end">
        <button type="button" onClick={() => dialog.current?.close()} autoFocus>
          Keep as it is
        </button>
        <button type="button" className={isDanger ? 'primary danger' : 'primary'} disabled={isBusy} onClick={onConfirm}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
