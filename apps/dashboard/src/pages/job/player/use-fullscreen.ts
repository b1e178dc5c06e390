import { useCallback, useEffect, useState, type RefObject } from 'react';

/** @returns whether the element has the whole screen, and what changes that; undefined where it cannot have it */
export function useFullscreen(element: RefObject<HTMLElement | null>): [boolean, (() => void) | undefined] {
  const [isFull, setIsFull] = useState(false);
  useEffect(() => {
    const read = (): void =>
      setIsFull(document.fullscreenElement !== null && document.fullscreenElement === element.current);
    document.addEventListener('fullscreenchange', read);
    return () => document.removeEventListener('fullscreenchange', read);
  }, [element]);
  const toggle = useCallback(() => {
    const done = document.fullscreenElement ? document.exitFullscreen() : element.current?.requestFullscreen();
    // The browser refuses it without a click or a key: everything stays as it is, and can be asked for again.
    done?.catch(() => setIsFull(document.fullscreenElement !== null));
  }, [element]);
  return [isFull, document.fullscreenEnabled ? toggle : undefined];
}
