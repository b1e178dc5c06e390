/** A picture of the seek bar: a part of a sprite. */
export interface StoryboardCue {
  startSec: number;
  endSec: number;
  spriteUrl: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Ours have a hundred at most. */
const MAX_CUES = 1_000;

/**
 * The cues of a WebVTT file whose texts are `sprite.jpg#xywh=x,y,w,h`. What is none of these is passed over.
 * @param vttUrl absolute: sprites are named relative to it
 */
export function parseStoryboard(vtt: string, vttUrl: string): StoryboardCue[] {
  const blocks = vtt.replace(/\r\n?/g, '\n').split(/\n{2,}/, 2 * MAX_CUES);
  return blocks.flatMap((block) => parseCue(block.split('\n'), vttUrl) ?? []).slice(0, MAX_CUES);
}

function parseCue(lines: readonly string[], vttUrl: string): StoryboardCue | undefined {
  const timing = lines.findIndex((line) => line.includes('-->'));
  const [start, end] = (lines[timing] ?? '').split('-->').map((text) => parseTime(text.trim().split(/\s/)[0]!));
  const [address, place] = (lines[timing + 1] ?? '').trim().split('#xywh=');
  const [x, y, width, height] = (place ?? '')
    .replace(/^pixel:/, '')
    .split(',')
    .map(Number);
  const spriteUrl = URL.parse(address!, vttUrl)?.href;
  const numbers = [start, end, x, y, width, height];
  if (timing < 0 || !address || !spriteUrl || !numbers.every(Number.isFinite)) return undefined;
  return { startSec: start!, endSec: end!, spriteUrl, x: x!, y: y!, width: width!, height: height! };
}

/** `01:02:03.500` or `02:03.500`, in seconds; NaN for anything else. */
function parseTime(text: string): number {
  if (!/^(\d+:)?\d{2}:\d{2}\.\d{3}$/.test(text)) return Number.NaN;
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** The picture of this moment: the last one that has begun. */
export function findCue(cues: readonly StoryboardCue[], atSec: number): StoryboardCue | undefined {
  return cues.findLast(({ startSec }) => startSec <= atSec) ?? cues[0];
}
