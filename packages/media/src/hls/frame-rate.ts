/** Pictures per second as a fraction, because 30000/1001 is no decimal. */
export interface FrameRate {
  numerator: number;
  denominator: number;
}

export function framesPerSec({ numerator, denominator }: FrameRate): number {
  return numerator / denominator;
}

/** How many pictures of that rate fill the time: at least one. */
export function countFrames(durationSec: number, frameRate: FrameRate): number {
  return Math.max(1, Math.round(durationSec * framesPerSec(frameRate)));
}

/** As FFmpeg writes it: `30000/1001`. @returns undefined for `0/0` and other nonsense. */
export function parseFrameRate(text: string | undefined): FrameRate | undefined {
  const [, numerator, denominator] = (/^(\d+)\/(\d+)$/.exec(text ?? '') ?? []).map(Number);
  return numerator && denominator ? { numerator, denominator } : undefined;
}

const rate = (numerator: number, denominator = 1): FrameRate => ({ numerator, denominator });

const STANDARD_RATES = [
  ...[rate(10), rate(12), rate(15), rate(20), rate(24_000, 1001), rate(24), rate(25), rate(30_000, 1001), rate(30)],
  ...[rate(48), rate(50), rate(60_000, 1001), rate(60)],
];

/** Above this a picture is shown every second or third time. */
const MAX_FPS = 60.5;
/** Below this players and their buffers behave oddly, so pictures are repeated. */
const MIN_FPS = 10;
const SAME_RATE_TOLERANCE = 0.02;

export interface PictureTiming {
  /** The finest grid that all time stamps lie on, as FFmpeg guesses it. */
  nominal: FrameRate | undefined;
  average: FrameRate | undefined;
  /** Nineteen of twenty pictures are at least this far from the one before. */
  shortestUsualGapSec: number | undefined;
}

/**
 * The constant rate of every rendition. A source with a rate of its own keeps it, up to 60. A variable one gets the
 * lowest usual rate at which nineteen of twenty pictures still have a slot of their own.
 */
export function chooseFrameRate({ nominal, average, shortestUsualGapSec }: PictureTiming): FrameRate {
  const isConstant = nominal && average && isSame(framesPerSec(nominal), framesPerSec(average));
  const own = isConstant ? nominal : undefined;
  if (own) return intoRange(own);
  const neededFps = shortestUsualGapSec ? 1 / shortestUsualGapSec : framesPerSec(average ?? nominal ?? rate(30));
  if (nominal && isSame(framesPerSec(nominal), neededFps)) return intoRange(nominal);
  return STANDARD_RATES.find((standard) => framesPerSec(standard) >= snapToStandardFps(neededFps)) ?? rate(60);
}

/** The usual rate that is meant, where time stamps are rounded to milliseconds; else what is needed. */
function snapToStandardFps(neededFps: number): number {
  const distance = (standard: FrameRate): number => Math.abs(framesPerSec(standard) - neededFps);
  const closest = STANDARD_RATES.reduce((best, other) => (distance(other) < distance(best) ? other : best));
  return isSame(framesPerSec(closest), neededFps) ? framesPerSec(closest) : neededFps;
}

/** By whole steps, so that no picture is shown longer than its neighbours. */
function intoRange(own: FrameRate): FrameRate {
  const fps = framesPerSec(own);
  if (fps > MAX_FPS) return { ...own, denominator: own.denominator * Math.ceil(fps / MAX_FPS) };
  if (fps < MIN_FPS) return { ...own, numerator: own.numerator * Math.ceil(MIN_FPS / fps) };
  return own;
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= b * SAME_RATE_TOLERANCE;
}
