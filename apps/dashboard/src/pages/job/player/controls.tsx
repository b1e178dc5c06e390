import { formatClock } from '../../../ui/format.ts';
import { Icon } from './icons.tsx';
import type { PlaybackState } from './playback.ts';
import { AUTO } from './stream.ts';
import type { Control } from './use-playback.ts';

interface ControlsProps {
  state: PlaybackState;
  control: Control;
  downloadUrl: string | null;
  isFull: boolean;
  /** undefined where the browser cannot do it. */
  onFull: (() => void) | undefined;
}

export function Controls({ state, control, downloadUrl, isFull, onFull }: ControlsProps) {
  const { isPaused, timeSec, durationSec } = state;
  return (
    <div className="controls">
      <button
        type="button"
        className="plain"
        aria-label={isPaused ? 'Play' : 'Pause'}
        onClick={() => control((playback) => playback.toggle())}
      >
        <Icon name={isPaused ? 'play' : 'pause'} />
      </button>
      <span className="clock">
        {formatClock(timeSec)} / {formatClock(durationSec)}
      </span>
      <Volume state={state} control={control} />
      <span className="controls-end">
        <Quality state={state} control={control} />
        {downloadUrl !== null && (
          <a className="button" href={downloadUrl} download>
            Download
          </a>
        )}
        {onFull && (
          <button
            type="button"
            className="plain"
            aria-label={isFull ? 'Leave the full screen' : 'Full screen'}
            onClick={onFull}
          >
            <Icon name={isFull ? 'small' : 'full'} />
          </button>
        )}
      </span>
    </div>
  );
}

function Volume({ state, control }: Pick<ControlsProps, 'state' | 'control'>) {
  const isSilent = state.isMuted || state.volume === 0;
  const percent = Math.round((isSilent ? 0 : state.volume) * 100);
  return (
    <span className="volume">
      <button
        type="button"
        className="plain"
        aria-label={isSilent ? 'Turn the sound on' : 'Mute'}
        onClick={() => control((playback) => playback.toggleMute())}
      >
        <Icon name={isSilent ? 'muted' : 'sound'} />
      </button>
      <input
        type="range"
        aria-label="Volume"
        aria-valuetext={`${percent} %`}
        min={0}
        max={1}
        step={0.05}
        value={isSilent ? 0 : state.volume}
        onChange={({ currentTarget }) => control((playback) => playback.setVolume(Number(currentTarget.value)))}
      />
    </span>
  );
}

/** The largest first. What is shown now may be another than what was chosen, until that has arrived. */
function Quality({ state, control }: Pick<ControlsProps, 'state' | 'control'>) {
  const { levels, chosenLevel, shownLevel } = state;
  if (levels.length === 0) return null;
  const shown = shownLevel === null ? undefined : levels[shownLevel]?.label;
  return (
    <>
      <span className="muted quality-now">{shown && `Now ${shown}`}</span>
      <select
        aria-label="Quality"
        value={chosenLevel}
        onChange={({ currentTarget }) => control((playback) => playback.choose(Number(currentTarget.value)))}
      >
        <option value={AUTO}>Auto</option>
        {[...levels.entries()].reverse().map(([level, { label }]) => (
          <option key={level} value={level}>
            {label}
          </option>
        ))}
      </select>
    </>
  );
}
