import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { formatTime } from './format.ts';
import { describeError, ErrorState, Loading } from './states.tsx';

export interface AnswerProps<T> {
  query: UseQueryResult<T>;
  /** How many rows it keeps free while it loads. */
  rows?: number;
  /** What it shows meanwhile instead. */
  loading?: ReactNode;
  children(data: T): ReactNode;
}

/** What was asked for, its loading, or why it is not there. What was there stays, and says that it is old. */
export function Answer<T>({ query, rows = 6, loading, children }: AnswerProps<T>) {
  const { data, error, dataUpdatedAt, refetch } = query;
  if (data === undefined) {
    if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
    return loading ?? <Loading rows={rows} />;
  }
  return (
    <>
      {error && (
        <p className="stale" role="alert">
          This is what was known at {formatTime(dataUpdatedAt)}: {describeError(error)}
        </p>
      )}
      {children(data)}
    </>
  );
}
