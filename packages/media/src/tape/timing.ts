import { JobError } from '@tapedeck/contracts';
import { z } from 'zod';
import { baseName, type TapeLayout } from './layout.ts';

/** One entry of a tape: this frame is shown from `startMs` until the next entry's `startMs`. */
export interface TimedFrame {
  /** The archive's name of the file. */
  name: string;
  startMs: number;
}

export interface TapeTiming {
  /** In the order of showing; `startMs` begins at 0 and never falls. */
  frames: readonly TimedFrame[];
  /** When the last frame ends. */
  totalMs: number;
  /** `timestamps` and `durations` are what timing.json says; `guessed` is made up from metadata.json or 60 fps. */
  source: 'timestamps' | 'durations' | 'guessed';
}

/** Enough for the entries below. A tape has 1,800. */
export const MAX_TIMING_BYTES = 4 * 1024 * 1024;
/** FFmpeg opens a file for each. Short entries would come to 270,000 in those bytes, all of them perhaps one frame. */
const MAX_TIMING_ENTRIES = 40_000;
const MAX_ENTRY_MS = 3_600_000;
/** The last frame's duration where nobody says it: one frame at 60 fps. */
const DEFAULT_FRAME_MS = 1000 / 60;

const finiteMs = z.number().min(0).max(MAX_ENTRY_MS);
const entrySchema = z.object({
  frame: z.number().int().nonnegative().nullish(),
  filename: z.string().min(1).max(1024).nullish(),
  // Not null: that is what NaN becomes in JSON.
  duration: finiteMs.optional(),
  timestamp: z.number().optional(),
});
type TimingEntry = z.output<typeof entrySchema>;

/**
 * When each frame is shown.
 *
 * timing.json's entries carry `timestamp` (when the frame was caught) and `duration` (written as
 * `max(10, next.timestamp - this.timestamp)`). Where they agree by that rule, the timestamps are the truth: the
 * clamped durations of frames caught close together would add up and pull the picture away from the sound.
 * Where they do not agree, the durations are: they are what the writer says about showing.
 *
 * @param timingText timing.json, or undefined where the archive has none. Not JSON, not an array, or empty means the
 *   same as none (old tapes), and the timing is guessed; an array with a senseless entry is refused.
 * @throws JobError ARCHIVE_TIMING_INVALID, ARCHIVE_FRAME_MISSING, both with the entry's index.
 */
export function parseTapeTiming(timingText: string | undefined, metadata: unknown, layout: TapeLayout): TapeTiming {
  const rows = timingText === undefined ? undefined : parseRows(timingText);
  if (!rows) return guessTiming(layout, metadata);
  if (rows.length > MAX_TIMING_ENTRIES) {
    throw invalidEntry(MAX_TIMING_ENTRIES, `expected at most ${MAX_TIMING_ENTRIES} entries, got ${rows.length}`);
  }
  const entries = rows.map(parseEntry);
  const findFrame = createFrameFinder(layout);
  const names = entries.map(findFrame);
  const { starts, totalMs, source } = startsFromTimestamps(entries) ?? startsFromDurations(entries);
  return { frames: names.map((name, index) => ({ name, startMs: starts[index]! })), totalMs, source };
}

function parseRows(text: string): unknown[] | undefined {
  const value = parseLenientJson(text);
  return Array.isArray(value) && value.length > 0 ? value : undefined;
}

function parseLenientJson(text: string): unknown {
  const withoutMark = text.replace(/^\uFEFF/, '');
  return parseJson(withoutMark) ?? parseJson(replaceBareNumbers(withoutMark));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Some writers leave NaN and Infinity bare. As null they reach the entry check, which names the entry. No lookbehind and
 * no repeated white space: the text is a stranger's, and must not make this slow.
 */
function replaceBareNumbers(text: string): string {
  return text.replace(/([:[,]\s?)-?(?:NaN|Infinity)\b/g, '$1null');
}

function parseEntry(row: unknown, index: number): TimingEntry {
  const result = entrySchema.safeParse(row);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw invalidEntry(index, `${issue.path.join('.')} ${issue.message}`.trim());
  }
  if (result.data.duration === undefined && result.data.timestamp === undefined) {
    throw invalidEntry(index, 'expected a duration or a timestamp, got neither');
  }
  return result.data;
}

function invalidEntry(index: number, reason: string): JobError {
  return new JobError('ARCHIVE_TIMING_INVALID', `entry ${index}: ${reason}`, { details: { index } });
}

/** Names are matched with or without their folder; an entry without a name goes by its number, else by its place. */
function createFrameFinder({ frameNames }: TapeLayout): (entry: TimingEntry, index: number) => string {
  const byPath = new Map(frameNames.map((name) => [name, name]));
  const byBase = new Map(frameNames.map((name) => [baseName(name), name]));
  return (entry, index) => {
    const name =
      entry.filename != null
        ? (byPath.get(entry.filename) ?? byBase.get(baseName(entry.filename)))
        : (frameNames[entry.frame ?? index] ?? frameNames[index]);
    if (name !== undefined) return name;
    const wanted = entry.filename ?? `number ${entry.frame ?? index}`;
    throw new JobError('ARCHIVE_FRAME_MISSING', `entry ${index}: no file for frame ${wanted.slice(0, 80)}`, {
      details: { index },
    });
  };
}

interface Starts {
  starts: number[];
  totalMs: number;
  source: TapeTiming['source'];
}

const CLAMP_MS = 10;
const AGREEMENT_MS = 0.05;

function startsFromTimestamps(entries: readonly TimingEntry[]): Starts | undefined {
  const first = entries[0]?.timestamp;
  if (first === undefined) return undefined;
  const starts: number[] = [];
  for (const [index, entry] of entries.entries()) {
    if (entry.timestamp === undefined) return undefined;
    const next = entries[index + 1]?.timestamp;
    if (next !== undefined) {
      const gapMs = next - entry.timestamp;
      if (Math.abs(gapMs) > MAX_ENTRY_MS) {
        throw invalidEntry(
          index + 1,
          `timestamp: expected within ${MAX_ENTRY_MS} ms of the one before, got ${gapMs} ms`,
        );
      }
      const written = entry.duration ?? Math.max(CLAMP_MS, gapMs);
      const agrees = gapMs >= 0 && Math.abs(written - Math.max(CLAMP_MS, gapMs)) <= AGREEMENT_MS;
      if (!agrees) return undefined;
    }
    starts.push(entry.timestamp - first);
  }
  const lastMs = entries.at(-1)?.duration || DEFAULT_FRAME_MS;
  return { starts, totalMs: starts.at(-1)! + lastMs, source: 'timestamps' };
}

function startsFromDurations(entries: readonly TimingEntry[]): Starts {
  let elapsedMs = 0;
  const starts = entries.map((entry, index) => {
    const startMs = elapsedMs;
    const isLast = index === entries.length - 1;
    if (entry.duration === undefined && !isLast) throw invalidEntry(index, 'expected a duration, got none');
    elapsedMs += entry.duration ?? DEFAULT_FRAME_MS;
    return startMs;
  });
  return { starts, totalMs: Math.max(elapsedMs, starts.at(-1)! + 1), source: 'durations' };
}

const guessHints = z
  .object({
    frameCount: z.number().positive().optional().catch(undefined),
    frames: z.number().positive().optional().catch(undefined),
    totalDuration: z.number().positive().optional().catch(undefined),
    fps: z.number().positive().optional().catch(undefined),
  })
  .catch({});

/** One frame is sane from a 240 fps capture to a slide show. */
const isSaneFrameMs = (ms: number): boolean => ms >= 4 && ms <= 1000;

/** metadata.json's totalDuration is in seconds or in milliseconds, depending on who wrote it: the sane one is meant. */
function guessTiming({ frameNames }: TapeLayout, metadata: unknown): TapeTiming {
  const hints = guessHints.parse(metadata ?? {});
  const count = hints.frameCount ?? hints.frames ?? frameNames.length;
  const candidates = [
    hints.totalDuration && (hints.totalDuration * 1000) / count,
    hints.totalDuration && hints.totalDuration / count,
    hints.fps && 1000 / hints.fps,
  ];
  const frameMs = candidates.find((ms) => ms !== undefined && isSaneFrameMs(ms)) ?? DEFAULT_FRAME_MS;
  const frames = frameNames.map((name, index) => ({ name, startMs: index * frameMs }));
  return { frames, totalMs: frameNames.length * frameMs, source: 'guessed' };
}
