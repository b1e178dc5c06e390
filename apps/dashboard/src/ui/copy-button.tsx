import { useEffect, useState } from 'react';

const SHOWN_MS = 2_000;

/** @param label what is copied: `Copy the MP4's URL` */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'refused'>();
  useEffect(() => {
    if (!outcome) return undefined;
    const timer = window.setTimeout(() => setOutcome(undefined), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [outcome]);
  const copy = () =>
    copyText(text).then(
      () => setOutcome('copied'),
      () => setOutcome('refused'),
    );
  return (
    <button type="button" className="plain" aria-label={label} title={label} onClick={() => void copy()}>
      {outcome === 'copied' ? 'Copied' : outcome === 'refused' ? 'Not copied' : 'Copy'}
    </button>
  );
}

/** Browsers have a clipboard on https and on localhost only. */
async function copyText(text: string): Promise<void> {
  if (!navigator.clipboard) throw new Error('there is no clipboard on plain http');
  await navigator.clipboard.writeText(text);
}
