import { useSyncExternalStore } from 'react';

const TICK_MS = 1_000;

/** The time, for ages and durations that go on: one timer for all of them, in steps of a second. */
export function useNowMs(): number {
  return useSyncExternalStore(subscribe, read);
}

const listeners = new Set<() => void>();
let timer: number | undefined;
let nowMs = floorNow();

function floorNow(): number {
  return Math.floor(Date.now() / TICK_MS) * TICK_MS;
}

function read(): number {
  return nowMs;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  nowMs = floorNow();
  timer ??= window.setInterval(() => {
    nowMs = floorNow();
    listeners.forEach((each) => each());
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}
