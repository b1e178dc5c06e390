import { useEffect } from 'react';

/** Tabs and the browser's history tell pages apart by it. */
export function usePageTitle(name: string): void {
  useEffect(() => {
    document.title = `${name} · Tapedeck`;
  }, [name]);
}
