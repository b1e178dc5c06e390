import { useEffect, useRef, useState } from 'react';

const PAUSE_MS = 300;

export interface Draft {
  shown: string;
  change(value: string): void;
  /** Who leaves the field, or presses Enter, has written what he wanted. */
  finish(): void;
}

/** What is being written, until its writer pauses: then it is handed on, without spaces around it. */
export function useDraft(value: string, onWritten: (value: string) => void): Draft {
  const [draft, setDraft] = useState<string>();
  const pause = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(pause.current), []);
  const hand = (written: string): void => {
    window.clearTimeout(pause.current);
    if (written.trim() !== value) onWritten(written.trim());
  };
  return {
    shown: draft ?? value,
    change: (written) => {
      setDraft(written);
      window.clearTimeout(pause.current);
      pause.current = window.setTimeout(() => {
        hand(written);
        // A space at the end is kept while one goes on writing.
        if (written === written.trim()) setDraft(undefined);
      }, PAUSE_MS);
    },
    finish: () => {
      if (draft !== undefined) hand(draft);
      setDraft(undefined);
    },
  };
}
