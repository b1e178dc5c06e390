import { useMutation, useQueryClient } from '@tanstack/react-query';
import { post } from '../../api/client.ts';
import { systemQuery } from '../../api/queries.ts';
import { useToasts } from '../../ui/toasts.tsx';

export interface Change {
  path: string;
  /** What to tell when it was done. */
  done: string;
}

/** Something of the fleet that is changed by one POST. What is shown afterwards is what the API says then. */
export function useChange() {
  const client = useQueryClient();
  const { tell, complain } = useToasts();
  return useMutation({
    mutationFn: ({ path }: Change) => post<unknown>(path),
    onSuccess: (_answer, { done }) => tell(done),
    onError: complain,
    onSettled: () => void client.invalidateQueries({ queryKey: systemQuery.queryKey }),
  });
}
