import type { ReactNode } from 'react';
import { Facts } from './facts.tsx';

export interface TileProps {
  title: string;
  /** How it is, in a word. */
  sign?: ReactNode;
  /** Each a Fact. */
  children: ReactNode;
  /** What can be done to it. */
  controls?: ReactNode;
}

/** A thing of the fleet, and what is known of it. */
export function Tile({ title, sign, children, controls }: TileProps) {
  return (
    <div className="card tile">
      <div className="tile-head">
        <h3>{title}</h3>
        {sign}
      </div>
      <Facts>{children}</Facts>
      {controls && <div className="buttons">{controls}</div>}
    </div>
  );
}
