import type Hls from 'hls.js';
import type { ErrorData } from 'hls.js';
import { describeStreamProblem } from './problems.ts';

/** A rendition that can be chosen. */
export interface QualityLevel {
  /** `720p`, or what it is where it has no picture. */
  label: string;
}

/** The place among the levels that stands for: as the network allows. */
export const AUTO = -1;

export interface StreamEvents {
  onLevels(levels: readonly QualityLevel[]): void;
  /** @param level the place of the one that is shown from now on */
  onSwitch(level: number): void;
  onProblem(problem: string): void;
}

export interface Stream {
  /** Begins to load, once; nothing but the master playlist is asked for before. */
  start(atSec: number): void;
  /** Shown at once, not from the next segment on: who chooses one wants to look at it. */
  choose(level: number): void;
  destroy(): void;
}

const NATIVE = 'application/vnd.apple.mpegurl';

/** Feeds a stream to a video element: by hls.js, or by the browser where that can do it and has no MSE. */
export function openStream(video: HTMLVideoElement, url: string, events: StreamEvents): Stream {
  let hls: Hls | undefined;
  let startSec: number | undefined;
  let isStarted = false;
  let isDestroyed = false;
  let chosen = AUTO;

  const startIfWanted = (): void => {
    if (!hls || startSec === undefined || (isStarted && video.readyState > 0)) return;
    isStarted = true;
    hls.startLoad(startSec);
  };
  const load = async (): Promise<void> => {
    const { default: Player } = await import('hls.js');
    if (isDestroyed) return;
    if (!Player.isSupported()) return playNatively(video, url, events);
    // The page's policy lets no worker run. What nobody plays is not loaded.
    hls = new Player({ enableWorker: false, autoStartLoad: false });
    hls.on(Player.Events.MANIFEST_PARSED, (_, { levels }) => {
      events.onLevels(nameLevels(levels));
      if (chosen !== AUTO) hls!.startLevel = chosen;
      startIfWanted();
    });
    hls.on(Player.Events.LEVEL_SWITCHED, (_, { level }) => events.onSwitch(level));
    hls.on(Player.Events.ERROR, createErrorHandler(hls, Player.ErrorTypes.MEDIA_ERROR, events));
    hls.loadSource(url);
    hls.attachMedia(video);
  };
  load().catch(() => events.onProblem('The player itself could not be loaded: load the page again.'));

  return {
    start(atSec) {
      startSec = atSec;
      if (hls && hls.levels.length > 0) startIfWanted();
    },
    choose(level) {
      chosen = level;
      if (!hls) return;
      // What is there already may stay when the network decides.
      if (level === AUTO) hls.nextLevel = AUTO;
      else hls.currentLevel = level;
    },
    destroy() {
      isDestroyed = true;
      hls?.destroy();
    },
  };
}

function playNatively(video: HTMLVideoElement, url: string, { onProblem }: StreamEvents): void {
  if (video.canPlayType(NATIVE) === '') {
    return onProblem('This browser cannot play streams. That says nothing of the stream.');
  }
  const onError = (): void => onProblem('It is not there any more, or this browser cannot play it.');
  video.addEventListener('error', onError, { once: true });
  video.src = url;
}

/** What hls.js does not mend by itself: a decoder may be set up anew once. */
function createErrorHandler(
  hls: Hls,
  ofDecoder: ErrorData['type'],
  { onProblem }: StreamEvents,
): (_: unknown, data: ErrorData) => void {
  let hasRecovered = false;
  return (_, { fatal, type, details, response }) => {
    if (!fatal) return;
    if (type === ofDecoder && !hasRecovered && !/codec/i.test(details)) {
      hasRecovered = true;
      return hls.recoverMediaError();
    }
    // It would ask again whenever somebody seeks.
    hls.stopLoad();
    onProblem(describeStreamProblem({ details, httpStatus: response?.code }));
  };
}

/** By their heights; with the bandwidth where two have the same. */
export function nameLevels(levels: readonly { height: number; bitrate: number }[]): QualityLevel[] {
  const nameOf = (height: number): string => (height > 0 ? `${height}p` : 'Sound');
  return levels.map(({ height, bitrate }) => {
    const isOnly = levels.filter((other) => other.height === height).length === 1;
    return { label: isOnly ? nameOf(height) : `${nameOf(height)}, ${Math.round(bitrate / 1000)} kbit/s` };
  });
}
