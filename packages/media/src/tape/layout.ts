import { JobError } from '@tapedeck/contracts';

/** Which archive file plays which part. Names are the archive's own. */
export interface TapeLayout {
  /** Natural order: 2 before 10. The order of showing is timing.json's business, not the names'. */
  frameNames: readonly string[];
  timingName: string | undefined;
  metadataName: string | undefined;
  soundtrackName: string | undefined;
}

const FRAME = /^frame.*\.(png|webp)$/i;
const SOUNDTRACK = /^(soundtrack|audio)\.(wav|webm)$/i;

const naturalOrder = new Intl.Collator('en', { numeric: true });

/**
 * Recognises every layout that a tape has had: frames at the root or in a folder, `frame-00000.png`,
 * `frame_2025.10.17.3.4.5.006.png`, `frame_0000.webp`, `frame000000.png`, `frame-0.png`.
 * @throws JobError ARCHIVE_EMPTY when no file looks like a frame.
 */
export function findTapeLayout(fileNames: readonly string[]): TapeLayout {
  const frameNames = fileNames.filter((name) => FRAME.test(baseName(name))).sort(naturalOrder.compare);
  if (frameNames.length === 0) {
    throw new JobError('ARCHIVE_EMPTY', `expected frame….png or frame….webp among ${fileNames.length} files`);
  }
  return {
    frameNames,
    timingName: findShallowest(fileNames, (base) => base === 'timing.json'),
    metadataName: findShallowest(fileNames, (base) => base === 'metadata.json'),
    soundtrackName: findShallowest(fileNames, (base) => SOUNDTRACK.test(base)),
  };
}

export function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function findShallowest(names: readonly string[], matches: (base: string) => boolean): string | undefined {
  const depth = (name: string): number => name.split('/').length;
  return names.filter((name) => matches(baseName(name))).sort((a, b) => depth(a) - depth(b))[0];
}
