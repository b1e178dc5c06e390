import { useEffect, useRef, type RefObject } from 'react';

/** For a <dialog> that is open as long as it is there. Afterwards the focus is where it was. */
export function useModal(): RefObject<HTMLDialogElement | null> {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const asker = document.activeElement;
    dialog.current?.showModal();
    // Browsers do so for a dialog that is closed, and not for one that is taken away.
    return () => {
      if (asker instanceof HTMLElement) asker.focus();
    };
  }, []);
  return dialog;
}
