import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useState, type ReactNode } from 'react';
import { connectLive, type Live } from './live-connection.ts';

const LiveContext = createContext<Live>({ state: 'connecting', heardAtMs: 0 });

export const useLive = (): Live => use(LiveContext);

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [live, setLive] = useState<Live>({ state: 'connecting', heardAtMs: 0 });
  useEffect(() => connectLive(client, setLive), [client]);
  return <LiveContext value={live}>{children}</LiveContext>;
}
