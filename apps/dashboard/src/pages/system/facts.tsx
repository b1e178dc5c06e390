import type { ReactNode } from 'react';

/** Names and what they come to, one below the other. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="tile-facts">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
