import { useEffect, useRef } from 'react';
import { useDraft } from './use-draft.ts';

const WRITES_TEXT = 'input, select, textarea, [contenteditable]';

/** `/` leads here from anywhere on the page. */
export function SearchBox({ q, onChange }: { q: string; onChange: (q: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const { shown, change, finish } = useDraft(q, onChange);
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const isShortcut = event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey;
      const isElsewhere = event.target instanceof Element && event.target.closest(`${WRITES_TEXT}, dialog`) !== null;
      if (!isShortcut || isElsewhere) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    window.addEventListener('keydown', focus);
    return () => window.removeEventListener('keydown', focus);
  }, []);
  return (
    <label className="search-box">
      <span className="field-label">
        Reference or slug begins with <kbd>/</kbd>
      </span>
      <input
        ref={input}
        type="search"
        value={shown}
        maxLength={200}
        autoComplete="off"
        spellCheck={false}
        aria-keyshortcuts="/"
        onChange={({ target }) => change(target.value)}
        onBlur={finish}
        onKeyDown={({ key }) => key === 'Enter' && finish()}
      />
    </label>
  );
}
