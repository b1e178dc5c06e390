import type { PlaybackView } from '@tapedeck/contracts';
import { useRef, useState, type KeyboardEvent } from 'react';
import { Controls } from './controls.tsx';
import { readKey } from './keys.ts';
import './player.css';
import { SeekBar } from './seek-bar.tsx';
import { useFullscreen } from './use-fullscreen.ts';
import { usePlayback, type Control } from './use-playback.ts';

export interface PlayerProps {
  playback: PlaybackView;
  isStream: boolean;
  durationSec: number;
  /** null for sound alone. */
  resolution: readonly [width: number, height: number] | null;
}

/** A result, played as its viewers get it. What went wrong can be tried again. */
export function Player(props: PlayerProps) {
  const [tryNumber, setTryNumber] = useState(1);
  return <PlayerOnce key={tryNumber} {...props} onTryAgain={() => setTryNumber(tryNumber + 1)} />;
}

const SEEK_SEC = 5;

function PlayerOnce({ playback, isStream, durationSec, resolution, onTryAgain }: PlayerProps & { onTryAgain(): void }) {
  const player = useRef<HTMLElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [state, control] = usePlayback(video, { url: playback.url, isStream, durationSec });
  const [isFull, onFull] = useFullscreen(player);
  return (
    // Keys are for whoever is in it; each of its controls can be reached without them.
    <section
      ref={player}
      className="player"
      aria-label="Player"
      tabIndex={-1}
      onKeyDown={(event) => handleKey(event, control, onFull)}
    >
      <div className="screen" style={sizeOf(resolution)}>
        <video
          ref={video}
          playsInline
          preload="metadata"
          poster={playback.posterUrl ?? undefined}
          onClick={() => control((one) => one.toggle())}
        />
        {resolution === null && playback.posterUrl === null && <p className="sound-only">Sound only</p>}
        {state.isWaiting && <p className="screen-note">Loading …</p>}
        {state.problem !== null && (
          <div className="screen-problem" role="alert">
            <p>{state.problem}</p>
            <button type="button" onClick={onTryAgain}>
              Try again
            </button>
          </div>
        )}
      </div>
      <SeekBar
        timeSec={state.timeSec}
        durationSec={state.durationSec}
        storyboardUrl={playback.storyboardUrl}
        onSeek={(sec) => control((one) => one.seekTo(sec))}
      />
      <Controls {...{ state, control, isFull, onFull }} downloadUrl={playback.downloadUrl} />
    </section>
  );
}

const SOUND_RATIO = 16 / 5;
const MAX_HEIGHT = '70vh';

/** The picture's own place is kept while it loads: nothing jumps. */
function sizeOf(resolution: PlayerProps['resolution']): { aspectRatio: number; maxWidth: string } {
  const ratio = resolution ? resolution[0] / resolution[1] : SOUND_RATIO;
  return { aspectRatio: ratio, maxWidth: `calc(${MAX_HEIGHT} * ${ratio})` };
}

function handleKey(event: KeyboardEvent<HTMLElement>, control: Control, onFull: (() => void) | undefined): void {
  const { key, ctrlKey, altKey, metaKey, target } = event;
  if (!(target instanceof HTMLElement)) return;
  const isVolume = target.getAttribute('aria-label') === 'Volume';
  const focused = { tag: target.tagName.toLowerCase(), isVolume };
  const asked = readKey({ key, isModified: ctrlKey || altKey || metaKey, focused });
  if (!asked) return;
  event.preventDefault();
  if (asked === 'toggle') control((one) => one.toggle());
  else if (asked === 'mute') control((one) => one.toggleMute());
  else if (asked === 'full') onFull?.();
  else control((one) => one.seekBy(asked === 'back' ? -SEEK_SEC : SEEK_SEC));
}
