import { writeFile } from 'node:fs/promises';
import { JobError, parseTapeHints, type FrameSize } from '@tapedeck/contracts';
import {
  buildConcatList,
  buildTimeline,
  chooseOutputSize,
  exceedsLevel51,
  planEncode,
  probeFile,
  SOUNDTRACK_GUARD,
  type EncodePlan,
  type OutputSize,
  type Timeline,
} from '@tapedeck/media';
import type { TapeContext } from '../../conversion-context.ts';
import type { ConversionPlan } from '../../progress.ts';
import type { ExtractedFrame, ExtractedTape } from './extract.ts';

/** Every decision about an encode, made before it starts. */
export interface TapePlan {
  timeline: Timeline;
  frame: FrameSize;
  output: OutputSize;
  encode: EncodePlan;
  listName: string;
  soundtrackName: string | undefined;
  /** The file that becomes the poster. */
  posterFrame: ExtractedFrame;
  largestFrame: FrameSize;
}

const LIST_NAME = 'frames.ffconcat';
/** Where in the tape the poster's frame is. */
const POSTER_POSITION = 0.1;

/** Looks at what came out of the archive and decides how to encode it. The decisions are stored on the job. */
export async function probeTape(context: TapeContext, tape: ExtractedTape): Promise<TapePlan> {
  const { config, progress, request, workspace } = context;
  await progress.enter('probe');
  assertDuration(tape.timing.totalMs / 1000, config.MAX_DURATION_SEC);
  const timeline = buildTimeline(tape.timing, request.options.timing);
  const frame = findFrame(tape, tape.timing.frames[0]!.name);
  assertOneFormat(tape, frame);
  const hints = parseTapeHints(request.metadata);
  const output = chooseOutputSize(frame, request.options.scale, hints);
  const largest = findLargestFrame(tape);
  const encode = planEncode({
    output,
    input: largest,
    preset: request.options.preset,
    threads: config.FFMPEG_THREADS,
    budgetBytes: config.encodeMemoryBytes,
  });
  await writeFile(
    workspace.path(LIST_NAME),
    buildConcatList(timeline, (name) => findFrame(tape, name).fileName),
  );
  const soundtrackName = await probeSoundtrack(context, tape.soundtrackName);
  const posterFrame = findFrame(tape, shotAt(timeline, POSTER_POSITION));
  await progress.plan(describePlan(tape, { timeline, output, encode, soundtrackName }));
  return { timeline, frame, output, encode, listName: LIST_NAME, soundtrackName, posterFrame, largestFrame: largest };
}

function findFrame(tape: ExtractedTape, name: string): ExtractedFrame {
  const frame = tape.frames.get(name);
  if (!frame) throw new Error(`frame ${name} was not extracted`);
  return frame;
}

function assertDuration(durationSec: number, maxSec: number): void {
  if (durationSec <= maxSec) return;
  throw new JobError('MEDIA_TOO_LONG', `expected at most ${maxSec} s, got ${Math.round(durationSec)} s`);
}

/** FFmpeg opens one decoder for the whole list. No recorder has ever mixed. */
function assertOneFormat(tape: ExtractedTape, first: ExtractedFrame): void {
  for (const [name, { format }] of tape.frames) {
    if (format === first.format) continue;
    throw new JobError('ARCHIVE_FRAME_INVALID', `${name}: expected ${first.format} as the first frame, got ${format}`);
  }
}

function findLargestFrame(tape: ExtractedTape): FrameSize {
  const pixels = ({ width, height }: FrameSize): number => width * height;
  return [...tape.frames.values()].reduce((largest, frame) => (pixels(frame) > pixels(largest) ? frame : largest));
}

function shotAt({ shots, endTick }: Timeline, position: number): string {
  const tick = Math.floor(endTick * position);
  return (shots.findLast((shot) => shot.startTick <= tick) ?? shots[0]!).name;
}

/** @returns the name, or undefined for a soundtrack that has no sound in it: a recorder that heard nothing. */
async function probeSoundtrack(context: TapeContext, fileName: string | undefined): Promise<string | undefined> {
  if (!fileName) return undefined;
  const { tools, workspace, signal } = context;
  const options = { fileName, cwd: workspace.dir, guard: SOUNDTRACK_GUARD, countPackets: true, signal };
  const probe = await probeFile(tools, options).catch((cause: unknown) => {
    const isItsFault = cause instanceof JobError && cause.code === 'MEDIA_UNDECODABLE';
    throw isItsFault ? new JobError('ARCHIVE_AUDIO_INVALID', 'expected WAV or WebM', { cause }) : cause;
  });
  const audio = probe.streams.find((stream) => stream.codec_type === 'audio');
  if (!audio) throw new JobError('ARCHIVE_AUDIO_INVALID', 'it has no audio');
  return audio.nb_read_packets ? fileName : undefined;
}

function describePlan(
  tape: ExtractedTape,
  plan: Pick<TapePlan, 'timeline' | 'output' | 'soundtrackName'> & { encode: EncodePlan },
): ConversionPlan {
  const { timeline, output, encode, soundtrackName } = plan;
  return {
    timing: { mode: timeline.mode, source: tape.timing.source, frames: tape.timing.frames.length },
    pictures: timeline.pictureCount,
    megapixels: (timeline.pictureCount * output.width * output.height) / 1e6,
    durationSec: timeline.durationSec,
    output: {
      width: output.width,
      height: output.height,
      chosenBy: output.chosenBy,
      aboveLevel51: exceedsLevel51(output),
    },
    soundtrack: soundtrackName !== undefined,
    encode,
  };
}
