import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

/** Work that tells of itself until it is over. */
export interface LongWork<T> {
  /** `stopped` by hand; `broken` where nothing came any more, or it was refused. */
  state: 'running' | 'over' | 'stopped' | 'broken';
  /** What was told of it until now. */
  told: T;
  /** Where it is broken. */
  error?: Error;
}

/** @throws ProblemError, UnreachableError, or the signal's reason */
type CarryOut<T> = (stop: AbortSignal, tell: (change: (told: T) => T) => void) => Promise<void>;

/** One at a time; it is stopped with the component. */
export function useLongWork<T>() {
  const client = useQueryClient();
  const [work, setWork] = useState<LongWork<T>>();
  const controller = useRef<AbortController>(undefined);
  useEffect(() => () => controller.current?.abort(), []);

  const begin = async (nothingYet: T, carryOut: CarryOut<T>): Promise<void> => {
    const { signal } = (controller.current = new AbortController());
    let told = nothingYet;
    setWork({ state: 'running', told });
    const tell = (change: (told: T) => T): void => {
      told = change(told);
      if (!signal.aborted) setWork({ state: 'running', told });
    };
    try {
      await carryOut(signal, tell);
      setWork({ state: 'over', told });
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      setWork(signal.aborted ? { state: 'stopped', told } : { state: 'broken', told, error });
    }
    // Where live updates do not come, the page still shows what was.
    await client.invalidateQueries();
  };
  return {
    work,
    begin: (nothingYet: T, carryOut: CarryOut<T>) => void begin(nothingYet, carryOut),
    stop: () => controller.current?.abort(),
    /** Takes away what is shown. */
    forget: () => setWork(undefined),
  };
}
