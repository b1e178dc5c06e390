import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { poll } from './poll.ts';
import { createTempDir } from './temp-dir.ts';

const require = createRequire(import.meta.url);
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  // Nobody is there to click before sound may be heard.
  '--autoplay-policy=no-user-gesture-required',
];

/** What a page with hls.js in it saw. Times in seconds. */
export interface PlayerState {
  currentTime: number;
  duration: number;
  /** Of HTMLMediaElement: from 3 on there is a picture after this one. */
  readyState: number;
  ended: boolean;
  seeking: boolean;
  /** As shown now: `640x360`. */
  size: string;
  frames: number;
  droppedFrames: number;
  /** What was shown from each switch on: `640x360`, or `sound`. */
  switchedTo: string[];
  errors: { type: string; details: string; fatal: boolean; message: string }[];
  mediaError?: string;
}

export interface Player {
  /** Sizes of the levels that hls.js read out of the master. */
  levels: string[];
  play(): Promise<void>;
  seek(sec: number): Promise<void>;
  /** At once: what is buffered is thrown away. */
  switchNow(size: string): Promise<void>;
  /** At the border of the next segment. */
  switchNext(size: string): Promise<void>;
  /** Can this browser play the CODECS of a master? */
  isSupported(codecs: string): Promise<boolean>;
  state(): Promise<PlayerState>;
  /** Asks until it is so. @throws Error with the last state, after the deadline. */
  until(what: string, isSo: (state: PlayerState) => boolean, timeoutMs?: number): Promise<PlayerState>;
  close(): Promise<void>;
}

export interface Browser {
  open(masterUrl: string): Promise<Player>;
  newPage(): Promise<Page>;
  stop(): Promise<void>;
}

/** Chromium with a profile of its own, and a site whose pages play with hls.js. */
export async function startBrowser(): Promise<Browser> {
  const [profile, site] = await Promise.all([createTempDir('browser'), startSite()]);
  // Its helpers may still write while they end.
  const removeProfile = () => poll('the profile to be removed', () => profile.remove().then(isDone, isNotYet));
  const stopRest = () => Promise.all([removeProfile(), site.stop()]);
  const context = await launch(profile.dir).catch(async (error: unknown) => {
    await stopRest();
    throw error;
  });
  return {
    open: (masterUrl) => openPlayer(context, site.url, masterUrl),
    newPage: () => context.newPage(),
    async stop() {
      await context.close();
      await stopRest();
    },
  };
}

const isDone = (): true => true;
const isNotYet = (): undefined => undefined;

function launch(profileDir: string): Promise<BrowserContext> {
  const options = { executablePath: CHROMIUM, headless: true, args: FLAGS, timeout: 30_000 };
  return chromium.launchPersistentContext(profileDir, options);
}

async function startSite(): Promise<{ url: string; stop(): Promise<void> }> {
  const files: Record<string, { type: string; content: Buffer }> = {
    '/': { type: 'text/html', content: await readFile('test/support/player.html') },
    '/hls.js': { type: 'text/javascript', content: await readFile(require.resolve('hls.js')) },
  };
  const server = createServer((request, response) => {
    const file = files[request.url!];
    if (!file) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': file.type }).end(file.content);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

const CALL_TIMEOUT_MS = 15_000;

async function openPlayer(context: BrowserContext, siteUrl: string, masterUrl: string): Promise<Player> {
  const page = await context.newPage();
  page.setDefaultTimeout(CALL_TIMEOUT_MS);
  await page.goto(siteUrl);
  const levels = await call<string[]>(page, 'load', masterUrl);
  const state = () => call<PlayerState>(page, 'state');
  return {
    levels,
    state,
    play: () => call(page, 'play'),
    seek: (sec) => call(page, 'seek', sec),
    switchNow: (size) => call(page, 'switchNow', size),
    switchNext: (size) => call(page, 'switchNext', size),
    isSupported: (codecs) => call(page, 'isSupported', codecs),
    async until(what, isSo, timeoutMs = 20_000) {
      let last: PlayerState | undefined;
      const ask = async (): Promise<PlayerState | undefined> => {
        last = await state();
        return isSo(last) ? last : undefined;
      };
      return poll(what, ask, timeoutMs).catch((error: unknown) => {
        throw new Error(`the player did not get to ${what}: ${JSON.stringify(last)}`, { cause: error });
      });
    },
    close: () => page.close(),
  };
}

/** page.evaluate has no deadline of its own. */
async function call<T>(page: Page, name: string, ...args: (string | number)[]): Promise<T> {
  const deadline = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const late = new Promise<never>((_, reject) => {
    deadline.addEventListener('abort', () => reject(new Error(`player.${name} did not answer`)), { once: true });
  });
  const code = `player.${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`;
  return Promise.race([page.evaluate<T>(code), late]);
}
