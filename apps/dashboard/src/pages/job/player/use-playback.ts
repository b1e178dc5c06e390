import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import { buildIdleState, openPlayback, type Playback, type PlaybackSource, type PlaybackState } from './playback.ts';

export type Control = (use: (playback: Playback) => void) => void;

/** Plays a source for as long as its element is shown. */
export function usePlayback(
  video: RefObject<HTMLVideoElement | null>,
  { url, isStream, durationSec }: PlaybackSource,
): [PlaybackState, Control] {
  const playback = useRef<Playback>(undefined);
  const [state, setState] = useState(() => buildIdleState(durationSec));
  useEffect(() => {
    const opened = openPlayback(video.current!, { url, isStream, durationSec }, setState);
    playback.current = opened;
    return () => opened.destroy();
  }, [video, url, isStream, durationSec]);
  const control = useCallback<Control>((use) => {
    if (playback.current) use(playback.current);
  }, []);
  return [state, control];
}
