import { setTimeout as sleep } from 'node:timers/promises';

/** What a viewer's player holds once it has read the playlists. */
export interface HeldStream {
  master: string;
  /** Text by URL. */
  playlists: Map<string, string>;
  /** URLs, of all renditions. */
  segments: string[];
}

/** One viewer, who remembers every answer that a player could not have played on with. */
export interface Viewer {
  failures: string[];
  load(masterUrl: string): Promise<HeldStream>;
  fetchAll(urls: readonly string[]): Promise<void>;
}

const HEADERS: Record<string, [contentType: string, cacheControl: string]> = {
  '.m3u8': ['application/vnd.apple.mpegurl', 'max-age=3600'],
  '.ts': ['video/mp2t', 'max-age=31536000, immutable'],
  '.jpg': ['image/jpeg', 'max-age=31536000'],
};

export function createViewer(): Viewer {
  const failures: string[] = [];
  const get = async (url: string): Promise<Buffer> => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    const body = Buffer.from(await answer.arrayBuffer());
    const headers = [answer.headers.get('content-type'), answer.headers.get('cache-control')].join('; ');
    const expected = HEADERS[/\.\w+$/.exec(url)![0]]!.join('; ');
    if (answer.status !== 200) failures.push(`${answer.status} ${url}`);
    else if (body.length === 0) failures.push(`nothing in ${url}`);
    else if (headers !== expected) failures.push(`${headers} of ${url}`);
    return body;
  };
  return {
    failures,
    async load(masterUrl) {
      const master = (await get(masterUrl)).toString();
      const playlists = new Map<string, string>();
      const segments: string[] = [];
      for (const url of urisOf(master, masterUrl)) {
        const text = (await get(url)).toString();
        playlists.set(url, text);
        segments.push(...urisOf(text, url));
      }
      return { master, playlists, segments };
    },
    async fetchAll(urls) {
      for (const url of urls) await get(url);
    },
  };
}

/** Relative to the playlist's own address. */
function urisOf(playlist: string, baseUrl: string): string[] {
  const lines = playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((uri) => new URL(uri, baseUrl).href);
}

export interface Repetition {
  /** How often it was done to its end. */
  rounds(): number;
  stop(): Promise<void>;
}

/** Does it again and again, with a breath in between: the machine has others to serve. */
export function keepDoing(work: () => Promise<void>): Repetition {
  let isStopping = false;
  let rounds = 0;
  const run = async (): Promise<void> => {
    while (!isStopping) {
      await work();
      rounds += 1;
      await sleep(20);
    }
  };
  const running = run();
  // Reported by stop.
  running.catch(() => undefined);
  return {
    rounds: () => rounds,
    async stop() {
      isStopping = true;
      await running;
    },
  };
}
