import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

export interface JobWatcher {
  /**
   * Calls back whenever the job's record has changed, or may have. Resolves when nothing from now on is missed.
   * @returns what ends it
   */
  watch(jobId: string, onChange: () => void): Promise<() => void>;
  /**
   * The same for every job, by its id; undefined when any of them may have changed.
   * @returns what ends it
   */
  watchAll(onChange: (jobId: string | undefined) => void): Promise<() => void>;
  close(): void;
}

type Listener = (jobId: string | undefined) => void;

/** What all changes are published on; a job's own channel is one of them. */
const ALL = keys.changes('*');

/** @param redis a connection of the watcher's own: one that listens can do nothing else */
export function createJobWatcher(redis: Redis): JobWatcher {
  const listeners = new Map<string, Set<Listener>>();
  redis.on('message', (channel: string) => listeners.get(channel)?.forEach((listener) => listener(undefined)));
  redis.on('pmessage', (_pattern: string, channel: string) => {
    listeners.get(ALL)?.forEach((listener) => listener(channel.slice(ALL.length - 1)));
  });
  // While it was away, messages went by. It subscribes again by itself.
  redis.on('ready', () => listeners.forEach((set) => set.forEach((listener) => listener(undefined))));

  /** By one subscription for all who listen to a channel. */
  const listen = async (
    channel: string,
    listener: Listener,
    { subscribe, unsubscribe }: { subscribe: () => Promise<unknown>; unsubscribe: () => Promise<unknown> },
  ): Promise<() => void> => {
    const listening = listeners.get(channel) ?? new Set();
    listeners.set(channel, listening.add(listener));
    const stop = (): void => {
      listening.delete(listener);
      if (listening.size > 0 || listeners.get(channel) !== listening) return;
      listeners.delete(channel);
      unsubscribe().catch(() => undefined);
    };
    try {
      await subscribe();
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  };
  return {
    watch: (jobId, onChange) => {
      const channel = keys.changes(jobId);
      return listen(channel, () => onChange(), {
        subscribe: () => redis.subscribe(channel),
        unsubscribe: () => redis.unsubscribe(channel),
      });
    },
    watchAll: (onChange) =>
      listen(ALL, onChange, {
        subscribe: () => redis.psubscribe(ALL),
        unsubscribe: () => redis.punsubscribe(ALL),
      }),
    close: () => redis.disconnect(),
  };
}
