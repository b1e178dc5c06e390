import type { SessionAnswer } from '@tapedeck/contracts';
import { useSuspenseQuery } from '@tanstack/react-query';
import { sessionQuery } from './queries.ts';

/** Who is signed in. The API refuses a viewer's writes; what he cannot use he does not see. */
export function useSession(): SessionAnswer & { mayChange: boolean } {
  const { data } = useSuspenseQuery(sessionQuery);
  return { ...data, mayChange: data.role === 'admin' };
}
