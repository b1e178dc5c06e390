import { JobError } from '@tapedeck/contracts';
import { probeFile, type Probe } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { buildVideoGuard } from '../hls/video-guard.ts';
import type { Findings } from './finding.ts';

/** A file to look at. */
export interface InspectedFile {
  /** A directory of the caller's, in which FFmpeg may work. Nothing stays there. */
  cwd: string;
  /** Relative to `cwd`. */
  fileName: string;
  /** What findings call it; default: `fileName`. */
  name?: string | undefined;
  signal: AbortSignal;
}

/** H.264 knows no larger picture: 139,264 macroblocks (level 6.2). */
const MAX_PIXELS = 139_264 * 256;

/** Whatever people's files are made of. No playlist, and no second file. */
export const INSPECT_GUARD = buildVideoGuard(MAX_PIXELS);

export type NamedFile = InspectedFile & { name: string };

/** undefined when FFmpeg cannot open it, which is then a finding. */
export async function probeInspected(
  tools: MediaTools,
  { cwd, fileName, name, signal }: NamedFile,
  findings: Findings,
): Promise<Probe | undefined> {
  try {
    return await probeFile(tools, { fileName, cwd, guard: INSPECT_GUARD, signal });
  } catch (error) {
    if (!(error instanceof JobError && error.code === 'MEDIA_UNDECODABLE')) throw error;
    const what = `FFmpeg cannot open it: ${error.message.replace(/^[^:]*: /, '')}`;
    findings.add({ verdict: 'wrong', code: 'unreadable', where: name, what });
    return undefined;
  }
}
