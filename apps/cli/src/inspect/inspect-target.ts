import { open } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  createFindings,
  findMediaTools,
  inspectHls,
  inspectMp4,
  loadOrFind,
  readToolVersion,
  type Finding,
  type LoadedFile,
  type LoadFile,
} from '@tapedeck/media';
import { withScratch } from '@tapedeck/upkeep';
import type { CliConfig } from '../config.ts';
import { UnavailableError } from '../exit-code.ts';
import { createFileBringer, createUrlBringer, nameOf, type Bringer } from './bring-files.ts';
import { judgeAnswer, type HttpAnswer } from './judge-answer.ts';

export interface InspectOptions {
  config: CliConfig;
  searchPath: string | undefined;
  signal: AbortSignal;
}

/** @param target a file's path, or a URL. @returns what is wrong with it: nothing when all is well */
export async function inspectTarget(target: string, options: InspectOptions): Promise<Finding[]> {
  const { config } = options;
  await assertTools(options);
  return withScratch(config.workDir, (dir) => inspectIn(dir, target, options));
}

async function inspectIn(dir: string, target: string, options: InspectOptions): Promise<Finding[]> {
  const { config, searchPath, signal } = options;
  const answers = createAnswerLog();
  const bringer = createBringer(target, dir, options, answers.add);
  try {
    const findings = createFindings();
    const file = await loadOrFind(bringer.load(target, ''), nameOf(target), findings, signal);
    if (!file) return findings.list();
    const tools = await findMediaTools({
      ...{ ffmpegPath: config.FFMPEG_PATH, ffprobePath: config.FFPROBE_PATH, searchPath },
      ...{ workDir: dir, memoryBytes: totalmem() },
    });
    const isPlaylist = /\.m3u8?$/i.test(nameOf(target)) || (await beginsLikePlaylist(join(dir, file.fileName)));
    const found = isPlaylist
      ? await inspectHls(tools, { cwd: dir, playlist: nameOf(target), load: startWith(file, bringer.load), signal })
      : await inspectMp4(tools, { cwd: dir, fileName: file.fileName, name: nameOf(target), signal });
    return [...found, ...answers.list()];
  } finally {
    await bringer.close();
  }
}

/** What cannot be opened for want of a program would look like a broken file. */
async function assertTools({ config, searchPath }: InspectOptions): Promise<void> {
  const { FFPROBE_PATH: path } = config;
  if (await readToolVersion(path, searchPath)) return;
  throw new UnavailableError(`FFPROBE_PATH: expected a program that answers -version, got ${JSON.stringify(path)}`);
}

export function isUrl(target: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(target);
}

function createBringer(
  target: string,
  dir: string,
  { config, signal }: InspectOptions,
  onAnswer: (name: string, answer: HttpAnswer) => void,
): Bringer {
  const options = { dir, maxBytes: config.MAX_SOURCE_BYTES, signal };
  if (!isUrl(target)) return createFileBringer(options, dirname(resolve(target)));
  return createUrlBringer({ ...options, url: new URL(target), policy: config.urlPolicy, onAnswer });
}

/** It was brought to see what it is. */
function startWith(file: LoadedFile, load: LoadFile): LoadFile {
  return (uri, from) => (from === '' ? Promise.resolve(file) : load(uri, from));
}

const PLAYLIST_HEAD = /^(?:\uFEFF)?\s*#EXT/;

async function beginsLikePlaylist(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return PLAYLIST_HEAD.test(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await file.close();
  }
}

/** One finding of a kind for each extension: a server treats all segments alike. */
function createAnswerLog() {
  const findings = new Map<string, Finding>();
  return {
    add(name: string, answer: HttpAnswer): void {
      for (const finding of judgeAnswer(name, answer)) {
        const key = `${finding.code} ${/\.[^./]*$/.exec(name)?.[0] ?? ''}`;
        if (!findings.has(key)) findings.set(key, finding);
      }
    },
    list: (): Finding[] => [...findings.values()],
  };
}
