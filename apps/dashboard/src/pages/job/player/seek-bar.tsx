import { useState, type PointerEvent } from 'react';
import { formatClock } from '../../../ui/format.ts';
import { findCue, type StoryboardCue } from './storyboard.ts';
import { useStoryboard } from './use-storyboard.ts';

interface SeekBarProps {
  timeSec: number;
  durationSec: number;
  storyboardUrl: string | null;
  onSeek(sec: number): void;
}

const STEP_SEC = 0.1;

/** Where playback is, and what is there: the storyboard's picture under the pointer, or at the place that has the focus. */
export function SeekBar({ timeSec, durationSec, storyboardUrl, onSeek }: SeekBarProps) {
  const [pointedSec, setPointedSec] = useState<number>();
  const [hasFocus, setHasFocus] = useState(false);
  const [isWanted, setIsWanted] = useState(false);
  const cues = useStoryboard(isWanted && storyboardUrl !== null ? storyboardUrl : undefined);
  const point = ({ currentTarget, clientX }: PointerEvent<HTMLInputElement>): void => {
    const { left, width } = currentTarget.getBoundingClientRect();
    setPointedSec(Math.min(1, Math.max(0, (clientX - left) / Math.max(1, width))) * durationSec);
    setIsWanted(true);
  };
  const previewSec = pointedSec ?? (hasFocus ? timeSec : undefined);
  return (
    <div className="seek">
      {previewSec !== undefined && (
        <Preview sec={previewSec} at={durationSec > 0 ? previewSec / durationSec : 0} cue={findCue(cues, previewSec)} />
      )}
      <input
        type="range"
        aria-label="Position"
        aria-valuetext={`${formatClock(timeSec)} of ${formatClock(durationSec)}`}
        min={0}
        max={Math.max(durationSec, STEP_SEC)}
        step={STEP_SEC}
        value={Math.min(timeSec, durationSec)}
        onChange={({ currentTarget }) => onSeek(Number(currentTarget.value))}
        onPointerMove={point}
        onPointerLeave={() => setPointedSec(undefined)}
        onFocus={({ currentTarget }) => {
          // A click has the pointer to show where.
          setHasFocus(currentTarget.matches(':focus-visible'));
          setIsWanted(true);
        }}
        onKeyDown={() => setHasFocus(true)}
        onBlur={() => setHasFocus(false)}
      />
    </div>
  );
}

/** @param at its place on the bar, 0 to 1: it never leaves the bar on either side */
function Preview({ sec, at, cue }: { sec: number; at: number; cue: StoryboardCue | undefined }) {
  const width = cue?.width ?? 48;
  return (
    <div
      className="seek-preview"
      aria-hidden="true"
      style={{ left: `clamp(0px, calc(${at * 100}% - ${width / 2}px), calc(100% - ${width}px))` }}
    >
      {cue && (
        <div
          style={{
            ...{ width: cue.width, height: cue.height },
            backgroundImage: `url(${JSON.stringify(cue.spriteUrl)})`,
            backgroundPosition: `-${cue.x}px -${cue.y}px`,
          }}
        />
      )}
      <span>{formatClock(sec)}</span>
    </div>
  );
}
