import type { ReactNode } from 'react';
import { ProblemError, UnreachableError } from '../api/client.ts';

/** Nothing is there, and what one can do about it. */
export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <p className="state-title">{title}</p>
      {children}
    </div>
  );
}

export interface ErrorStateProps {
  error: Error;
  onRetry?: () => void;
  /** What comes of it when the API does not answer: what is shown is asked for again and again where nothing else is said. */
  whenUnreachable?: string;
}

/** What went wrong, and what one can do about it. */
export function ErrorState({ error, onRetry, whenUnreachable = GOES_ON }: ErrorStateProps) {
  return (
    <div className="state bad" role="alert">
      <p className="state-title">{describeError(error)}</p>
      <p>{adviseOn(error, whenUnreachable)}</p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function describeError(error: Error): string {
  if (error instanceof ProblemError) return `${error.message} (${error.problem.code})`;
  return error.message;
}

const GOES_ON = 'This page goes on by itself when it is back.';
/** For work that broke off. */
export const BEGIN_AGAIN = 'It does not go on by itself: look at the list, and begin it again.';

function adviseOn(error: Error, whenUnreachable: string): string {
  if (error instanceof UnreachableError) return `Is its process running? ${whenUnreachable}`;
  if (!(error instanceof ProblemError)) return 'Load the page again; if that does not help, look into the log.';
  const { status } = error.problem;
  if (status >= 500) return 'The System page shows what is away. Nothing that was accepted is lost meanwhile.';
  return status === 403 ? 'Ask somebody who is an admin.' : 'Look at what was asked for.';
}

/** Keeps its place while it loads: nothing jumps. */
export function Loading({ rows = 3 }: { rows?: number }) {
  return (
    <div className="loading" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="loading-row" />
      ))}
    </div>
  );
}
