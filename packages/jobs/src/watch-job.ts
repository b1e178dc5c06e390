import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

export interface JobWatcher {
  /**
   * Calls back whenever the job's record has changed, or may have. Resolves when nothing from now on is missed.
   * @returns what ends it
   */
  watch(jobId: string, onChange: () => void): Promise<() => void>;
  close(): void;
}

/** @param redis a connection of the watcher's own: one that listens can do nothing else */
export function createJobWatcher(redis: Redis): JobWatcher {
  const listeners = new Map<string, Set<() => void>>();
  redis.on('message', (channel: string) => listeners.get(channel)?.forEach((onChange) => onChange()));
  // While it was away, messages went by. It subscribes again by itself.
  redis.on('ready', () => listeners.forEach((set) => set.forEach((onChange) => onChange())));
  return {
    async watch(jobId, onChange) {
      const channel = keys.changes(jobId);
      const watching = listeners.get(channel) ?? new Set();
      listeners.set(channel, watching.add(onChange));
      const stop = (): void => {
        watching.delete(onChange);
        if (watching.size > 0 || listeners.get(channel) !== watching) return;
        listeners.delete(channel);
        redis.unsubscribe(channel).catch(() => undefined);
      };
      try {
        await redis.subscribe(channel);
      } catch (error) {
        stop();
        throw error;
      }
      return stop;
    },
    close: () => redis.disconnect(),
  };
}
