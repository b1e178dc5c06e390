import type { AdminEvent, JobView, Stats } from '@tapedeck/contracts';
import type { QueryClient } from '@tanstack/react-query';
import { ask } from './client.ts';
import { ALL_JOBS, isAboutJobs, jobQuery, POLL_MS, statsQuery } from './queries.ts';
import { showJob } from './show-job.ts';

/**
 * How the page hears of what happens: `live` over server-sent events; else it asks every POLL_MS (`polling`), and says
 * so; `lost` when that is not answered either.
 */
export type LiveState = 'connecting' | 'live' | 'polling' | 'lost';

export interface Live {
  state: LiveState;
  /** When the API was last heard of. */
  heardAtMs: number;
}

/** The API sends a beat every 5 s. */
const SILENCE_MS = 15_000;
const RECONNECT_MS = 3_000;
/** What changes together is asked for once. */
const REFRESH_MS = 2_000;

/**
 * Keeps what the page shows up to date, until it is called off. Jobs that are told are put where they are shown at once;
 * lists, which may have others in them by now, are asked for anew soon after.
 */
export function connectLive(client: QueryClient, onChange: (live: Live) => void): () => void {
  let live: Live = { state: 'connecting', heardAtMs: Date.now() };
  let source: EventSource | undefined;
  let silence: number | undefined;
  let reconnect: number | undefined;
  let polling: number | undefined;
  const refresh = createThrottle(REFRESH_MS, () => void client.invalidateQueries({ predicate: isAboutJobs }));

  const change = (state: LiveState): void => {
    live = { state, heardAtMs: state === 'live' || state === 'polling' ? Date.now() : live.heardAtMs };
    onChange(live);
  };
  const hear = (): void => {
    window.clearTimeout(silence);
    silence = window.setTimeout(fall, SILENCE_MS);
    window.clearInterval(polling);
    polling = undefined;
    // What has happened meanwhile was told to nobody.
    if (live.state !== 'live') void client.invalidateQueries();
    change('live');
  };
  const handlers: Record<AdminEvent, (data: string) => void> = {
    jobs: (data) => {
      (JSON.parse(data) as JobView[]).forEach((job) => showJob(client, job));
      refresh();
    },
    gone: (data) => {
      (JSON.parse(data) as string[]).forEach((jobId) => void client.invalidateQueries(jobQuery(jobId)));
      refresh();
    },
    many: () => {
      void client.invalidateQueries({ queryKey: ALL_JOBS });
      refresh();
    },
    stats: (data) => client.setQueryData(statsQuery.queryKey, JSON.parse(data) as Stats),
    beat: () => undefined,
  };
  const listen = (): void => {
    source = new EventSource('/admin/api/events');
    source.onerror = fall;
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        hear();
        handle(data);
      });
    }
  };
  const poll = async (): Promise<void> => {
    try {
      client.setQueryData(statsQuery.queryKey, await ask<Stats>('/api/stats'));
      if (polling === undefined) return;
      change('polling');
      await client.invalidateQueries();
    } catch {
      if (polling !== undefined) change('lost');
    }
  };
  const fall = (): void => {
    source?.close();
    window.clearTimeout(silence);
    window.clearTimeout(reconnect);
    reconnect = window.setTimeout(listen, RECONNECT_MS);
    if (polling !== undefined) return;
    polling = window.setInterval(() => void poll(), POLL_MS);
    void poll();
  };

  listen();
  silence = window.setTimeout(fall, SILENCE_MS);
  return () => {
    source?.close();
    refresh.cancel();
    [silence, reconnect].forEach((timer) => window.clearTimeout(timer));
    window.clearInterval(polling);
  };
}

/** At most once in so long, and once after the last call. */
function createThrottle(intervalMs: number, work: () => void) {
  let timer: number | undefined;
  const call = (): void => {
    timer ??= window.setTimeout(() => {
      timer = undefined;
      work();
    }, intervalMs);
  };
  return Object.assign(call, { cancel: () => window.clearTimeout(timer) });
}
