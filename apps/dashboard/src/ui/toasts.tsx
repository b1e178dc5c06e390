import { createContext, use, useCallback, useMemo, useState, type ReactNode } from 'react';
import { describeError } from './states.tsx';

interface Toast {
  id: number;
  tone: 'good' | 'bad';
  text: string;
}

export interface Toasts {
  /** Something was done. */
  tell(text: string): void;
  /** Something was not: it stays until it is taken away. */
  complain(error: Error): void;
}

const SHOWN_MS = 6_000;

const ToastsContext = createContext<Toasts>({ tell: () => undefined, complain: () => undefined });

export const useToasts = (): Toasts => use(ToastsContext);

/** What came of what the operator has done, read aloud by screen readers, in a corner where it covers no button. */
export function ToastsProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const remove = useCallback((id: number) => setToasts((shown) => shown.filter((toast) => toast.id !== id)), []);
  const value = useMemo<Toasts>(() => {
    let lastId = 0;
    const add = (tone: Toast['tone'], text: string): number => {
      const id = ++lastId;
      setToasts((shown) => [...shown, { id, tone, text }]);
      return id;
    };
    return {
      tell: (text) => {
        const id = add('good', text);
        window.setTimeout(() => remove(id), SHOWN_MS);
      },
      complain: (error) => void add('bad', describeError(error)),
    };
  }, [remove]);
  return (
    <ToastsContext value={value}>
      {children}
      <div className="toasts" role="status">
        {toasts.map(({ id, tone, text }) => (
          <div key={id} className={`toast ${tone}`}>
            <span>{text}</span>
            <button type="button" className="plain" aria-label="Take this message away" onClick={() => remove(id)}>
              ×
            </button>
          </div>
        ))}
      </div>
    </ToastsContext>
  );
}
