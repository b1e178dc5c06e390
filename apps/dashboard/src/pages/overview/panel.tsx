import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { Answer } from '../../ui/answer.tsx';

export interface PanelProps<T> {
  title: string;
  /** To the page that has all of it. */
  more: { href: string; label: string };
  query: UseQueryResult<T>;
  /** What is shown of it; null where there is nothing. */
  children: (data: T) => ReactNode;
  /** What to say then. */
  empty: string;
}

/** A short list, and the way to the long one. It has room for its few lines before they are there. */
export function Panel<T>({ title, more, query, children, empty }: PanelProps<T>) {
  return (
    <section className="card panel">
      <div className="panel-head">
        <h2>{title}</h2>
        <Link href={more.href}>{more.label}</Link>
      </div>
      <Answer query={query} rows={4}>
        {(data) => children(data) ?? <p className="muted">{empty}</p>}
      </Answer>
    </section>
  );
}
