import { describeMediaProblem } from './problems.ts';
import { AUTO, openStream, type QualityLevel, type Stream } from './stream.ts';

export interface PlaybackState {
  isPaused: boolean;
  /** It would play, and has nothing to show. */
  isWaiting: boolean;
  timeSec: number;
  durationSec: number;
  /** 0 to 1. */
  volume: number;
  isMuted: boolean;
  /** The places are those of the stream's levels; empty for a file. */
  levels: readonly QualityLevel[];
  chosenLevel: number;
  /** null before anything is shown. */
  shownLevel: number | null;
  /** What went wrong, for a person. */
  problem: string | null;
}

export interface PlaybackSource {
  url: string;
  isStream: boolean;
  /** As the job tells it: the file's own is not known before it is loaded. */
  durationSec: number;
}

export interface Playback {
  toggle(): void;
  seekTo(sec: number): void;
  seekBy(sec: number): void;
  setVolume(volume: number): void;
  toggleMute(): void;
  choose(level: number): void;
  destroy(): void;
}

export function buildIdleState(durationSec: number): PlaybackState {
  return {
    ...{ isPaused: true, isWaiting: false, timeSec: 0, durationSec, volume: 1, isMuted: false },
    ...{ levels: [], chosenLevel: AUTO, shownLevel: null, problem: null },
  };
}

const EVENTS = [
  ...(['play', 'pause', 'playing', 'waiting', 'seeking', 'seeked', 'timeupdate'] as const),
  ...(['durationchange', 'volumechange', 'ended', 'loadeddata'] as const),
];

/** Plays one result on one element, and tells how it goes. */
export function openPlayback(
  video: HTMLVideoElement,
  source: PlaybackSource,
  onChange: (state: PlaybackState) => void,
): Playback {
  let state = buildIdleState(source.durationSec);
  const change = (news: Partial<PlaybackState>): void => {
    state = { ...state, ...news };
    onChange(state);
  };
  let stream: Stream | undefined;
  let isWanted = false;
  const play = (): void =>
    void video.play().catch((error: unknown) => {
      // It was paused, or taken away, before it began.
      if (error instanceof DOMException && error.name === 'AbortError') return;
      if (state.problem === null) fail(`It cannot be played: ${String(error)}`);
    });
  const read = (): void => change(readVideo(video, source.durationSec));
  const fail = (problem: string): void => {
    video.pause();
    change({ problem, isWaiting: false });
  };
  const onError = (): void => {
    const { error } = video;
    // hls.js tells of its own, and mends what it can.
    if (!error || stream) return;
    void askStatus(source.url).then((status) => fail(describeMediaProblem(error, status)));
  };
  EVENTS.forEach((name) => video.addEventListener(name, read));
  video.addEventListener('error', onError);

  if (source.isStream) {
    stream = openStream(video, source.url, {
      onLevels: (levels) => {
        change({ levels });
        // Whatever was ordered before there was anything to play, the browser has forgotten.
        if (isWanted && video.paused) play();
      },
      onSwitch: (shownLevel) => change({ shownLevel }),
      onProblem: fail,
    });
  } else video.src = source.url;

  const seekTo = (sec: number): void => {
    const toSec = Math.min(state.durationSec, Math.max(0, sec));
    if (video.readyState === 0) stream?.start(toSec);
    video.currentTime = toSec;
    change({ timeSec: toSec });
  };
  return {
    toggle() {
      isWanted = video.paused;
      if (!video.paused) return video.pause();
      if (video.readyState === 0) stream?.start(state.timeSec);
      play();
    },
    seekTo,
    seekBy: (sec) => seekTo(state.timeSec + sec),
    setVolume(volume) {
      video.volume = Math.min(1, Math.max(0, volume));
      video.muted = video.volume === 0;
    },
    toggleMute() {
      video.muted = !video.muted;
      if (!video.muted && video.volume === 0) video.volume = 1;
    },
    choose(level) {
      stream?.choose(level);
      change({ chosenLevel: level });
    },
    destroy() {
      EVENTS.forEach((name) => video.removeEventListener(name, read));
      video.removeEventListener('error', onError);
      stream?.destroy();
      // Else the browser goes on loading what nobody sees.
      video.removeAttribute('src');
      video.load();
    },
  };
}

const ASK_TIMEOUT_MS = 10_000;

/** A media element does not tell why. @returns what the address answers; undefined where nothing comes */
async function askStatus(url: string): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
    const { status, body } = await fetch(url, { headers: { range: 'bytes=0-0' }, signal });
    await body?.cancel();
    return status;
  } catch {
    return undefined;
  }
}

/** From here on there is a picture after this one (HTMLMediaElement.HAVE_FUTURE_DATA). */
const FUTURE_DATA = 3;

function readVideo(video: HTMLVideoElement, knownSec: number): Partial<PlaybackState> {
  const { paused, ended, readyState, currentTime, duration, volume, muted } = video;
  return {
    isPaused: paused,
    isWaiting: !ended && readyState < FUTURE_DATA && (!paused || video.seeking) && video.error === null,
    timeSec: currentTime,
    durationSec: Number.isFinite(duration) && duration > 0 ? duration : knownSec,
    volume,
    isMuted: muted,
  };
}
