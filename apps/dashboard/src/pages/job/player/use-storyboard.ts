import { skipToken, useQuery } from '@tanstack/react-query';
import { parseStoryboard, type StoryboardCue } from './storyboard.ts';

const TIMEOUT_MS = 10_000;
const NO_CUES: readonly StoryboardCue[] = [];

/** @param url undefined until somebody wants to see it. A seek bar without pictures is one, too: errors are not told. */
export function useStoryboard(url: string | undefined): readonly StoryboardCue[] {
  const { data = NO_CUES } = useQuery({
    queryKey: ['storyboard', url],
    queryFn: url === undefined ? skipToken : () => loadStoryboard(url),
    staleTime: 'static',
    retry: false,
  });
  return data;
}

async function loadStoryboard(url: string): Promise<readonly StoryboardCue[]> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`the storyboard answers HTTP ${answer.status}`);
  return parseStoryboard(await answer.text(), new URL(url, window.location.href).href);
}
