import { rm } from 'node:fs/promises';
import { JobError } from '@tapedeck/contracts';
import {
  findTapeLayout,
  MAX_TIMING_BYTES,
  openArchive,
  parseTapeTiming,
  readImageHeader,
  type Archive,
  type ImageHeader,
  type TapeTiming,
} from '@tapedeck/media';
import type { TapeContext } from '../../conversion-context.ts';

/** A tape on disk: our own file names, headers that we read ourselves, timing that was checked. */
export interface ExtractedTape {
  timing: TapeTiming;
  /** By the archive's name of the frame. */
  frames: ReadonlyMap<string, ExtractedFrame>;
  soundtrackName: string | undefined;
}

export interface ExtractedFrame extends ImageHeader {
  fileName: string;
}

/** What unpacking needs of an attempt. */
export type ExtractContext = Pick<TapeContext, 'workspace' | 'signal'> & {
  config: Pick<TapeContext['config'], 'MAX_ARCHIVE_ENTRIES' | 'MAX_ARCHIVE_BYTES' | 'MAX_FRAME_PIXELS'>;
  progress: Pick<TapeContext['progress'], 'enter' | 'advance' | 'note'>;
};

/** Unpacks what timing.json shows, and no more. Nothing of the archive names a file on our disk. */
export async function extractTape(context: ExtractContext, zipName: string): Promise<ExtractedTape> {
  const { config, progress, workspace, signal } = context;
  await progress.enter('extract');
  const archive = await openArchive(workspace.path(zipName), {
    maxEntries: config.MAX_ARCHIVE_ENTRIES,
    maxUnpackedBytes: config.MAX_ARCHIVE_BYTES,
  });
  try {
    const layout = findTapeLayout(archive.fileNames);
    const readText = (name: string | undefined) => name && archive.readText(name, MAX_TIMING_BYTES, signal);
    const metadata = parseJson(await readText(layout.metadataName));
    const timing = parseTapeTiming(await readText(layout.timingName), metadata, layout);
    const frames = await extractFrames(context, archive, timing);
    const soundtrackName = layout.soundtrackName && `soundtrack${extensionOf(layout.soundtrackName)}`;
    if (layout.soundtrackName && soundtrackName) {
      await archive.extract(layout.soundtrackName, workspace.path(soundtrackName), signal);
    }
    progress.note({ frames: frames.size });
    return { timing, frames, soundtrackName };
  } finally {
    await archive.close();
    await rm(workspace.path(zipName), { force: true });
  }
}

async function extractFrames(context: ExtractContext, archive: Archive, timing: TapeTiming) {
  const { workspace, progress, config, signal } = context;
  const names = [...new Set(timing.frames.map((frame) => frame.name))];
  const frames = new Map<string, ExtractedFrame>();
  for (const [index, name] of names.entries()) {
    const stem = `frame-${String(index).padStart(6, '0')}`;
    const fileName = `${stem}${extensionOf(name)}`;
    await archive.extract(name, workspace.path(fileName), signal);
    const header = await readImageHeader(workspace.path(fileName), name);
    assertFrameAllowed(header, name, config.MAX_FRAME_PIXELS);
    frames.set(name, { ...header, fileName });
    progress.advance(index / names.length);
  }
  return frames;
}

/** Before any decoder sees the frame: it would allocate what the header promises. */
function assertFrameAllowed({ width, height }: ImageHeader, name: string, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  throw new JobError('MEDIA_FRAME_TOO_LARGE', `${name}: expected at most ${maxPixels} pixels, got ${width}x${height}`);
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.')).toLowerCase();
}

/** metadata.json is a hint: where it is broken it hints at nothing. */
function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
