import type { Rgba } from '../scripts/sample/png.ts';

export const FRAME_WIDTH = 640;
export const FRAME_HEIGHT = 480;

/** The tape's content, frame by frame. Frames must be asked for in order: strokes stay on the canvas. */
export interface Painter {
  /** Paints what is seen at this time. @returns the colour of each pixel */
  paint(timeSec: number): (x: number, y: number) => Rgba;
}

/** Few flat colours, as people paint with; the last eight are the greys of the noise. */
const PALETTE: readonly Rgba[] = [
  ...['1d1f2b', '2f5d62', 'efe6d5', 'e4572e', 'ffc914', '17bebb', '76b041', 'a23b72'],
  ...['101010', '303030', '505050', '707070', '909090', 'b0b0b0', 'd0d0d0', 'f0f0f0'],
].map(parseColour);
const WALL = 0;
const FLOOR = 1;
const PAPER = 2;
const FIRST_INK = 3;
const FIRST_GREY = 8;
const GREYS = 8;
const INKS = FIRST_GREY - FIRST_INK;

const NOISE = { x: 40, y: 360, width: 120, height: 90, density: 0.25 };
const STROKES_PER_SEC = 240;

interface Mover {
  ink: number;
  radius: number;
  centre: { x: number; y: number };
  reach: { x: number; y: number };
  turnsPerSec: { x: number; y: number };
  phase: number;
}

/**
 * What people record: a canvas that fills with brush strokes and spray, shapes that move over it, a patch of pixel
 * noise, and flat colour everywhere else. The same seed gives the same pixels.
 */
export function createPainter(seed: number): Painter {
  const random = createRandom(seed);
  const canvas = paintBackground();
  const brushes = createMovers(3, { least: 2, most: 5 }, random);
  const shapes = createMovers(5, { least: 14, most: 40 }, random);
  let paintedSec = 0;
  return {
    paint(timeSec) {
      // In small steps, so that strokes are lines and not rows of dots.
      for (; paintedSec <= timeSec; paintedSec += 1 / STROKES_PER_SEC) {
        for (const brush of brushes) paintDisc(canvas, brush, paintedSec);
        spray(canvas, brushes[0]!, paintedSec, random);
      }
      const frame = canvas.slice();
      for (const [index, shape] of shapes.entries()) (index % 2 ? paintDisc : paintBox)(frame, shape, timeSec);
      paintNoise(frame, random);
      return (x, y) => PALETTE[frame[y * FRAME_WIDTH + x]!]!;
    },
  };
}

function parseColour(hex: string): Rgba {
  const value = Number.parseInt(hex, 16);
  return [value >> 16, (value >> 8) & 255, value & 255, 255];
}

/** Mulberry32: small, and the same on every machine. @returns numbers from 0 up to but not 1 */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function createMovers(count: number, radius: { least: number; most: number }, random: () => number): Mover[] {
  const between = (least: number, most: number): number => least + (most - least) * random();
  return Array.from({ length: count }, (_, index) => ({
    ink: FIRST_INK + (index % INKS),
    radius: between(radius.least, radius.most),
    centre: { x: FRAME_WIDTH * between(0.35, 0.65), y: FRAME_HEIGHT * between(0.35, 0.6) },
    reach: { x: FRAME_WIDTH * between(0.1, 0.3), y: FRAME_HEIGHT * between(0.1, 0.3) },
    turnsPerSec: { x: between(0.15, 0.5), y: between(0.15, 0.5) },
    phase: random(),
  }));
}

function positionOf({ centre, reach, turnsPerSec, phase }: Mover, timeSec: number): { x: number; y: number } {
  const swing = (turns: number): number => Math.sin(2 * Math.PI * (turns * timeSec + phase));
  return { x: centre.x + reach.x * swing(turnsPerSec.x), y: centre.y + reach.y * swing(turnsPerSec.y + 0.1) };
}

function paintBackground(): Uint8Array {
  const canvas = new Uint8Array(FRAME_WIDTH * FRAME_HEIGHT).fill(WALL);
  canvas.fill(FLOOR, FRAME_WIDTH * Math.round(FRAME_HEIGHT * 0.7));
  for (let y = 60; y < 300; y += 1) canvas.fill(PAPER, y * FRAME_WIDTH + 180, y * FRAME_WIDTH + 560);
  return canvas;
}

function paintDisc(pixels: Uint8Array, mover: Mover, timeSec: number): void {
  paintWhere(pixels, mover, timeSec, (dx, dy) => Math.hypot(dx, dy) <= mover.radius);
}

function paintBox(pixels: Uint8Array, mover: Mover, timeSec: number): void {
  paintWhere(pixels, mover, timeSec, () => true);
}

function paintWhere(
  pixels: Uint8Array,
  mover: Mover,
  timeSec: number,
  isInside: (dx: number, dy: number) => boolean,
): void {
  const { x, y } = positionOf(mover, timeSec);
  for (let row = Math.ceil(y - mover.radius); row <= y + mover.radius; row += 1) {
    for (let column = Math.ceil(x - mover.radius); column <= x + mover.radius; column += 1) {
      if (isInside(column - x, row - y)) setPixel(pixels, { x: column, y: row }, mover.ink);
    }
  }
}

function spray(pixels: Uint8Array, brush: Mover, timeSec: number, random: () => number): void {
  const { x, y } = positionOf(brush, timeSec);
  for (let drop = 0; drop < 4; drop += 1) {
    const distance = 24 * Math.sqrt(random());
    const angle = 2 * Math.PI * random();
    const at = { x: Math.round(x + distance * Math.cos(angle)), y: Math.round(y + distance * Math.sin(angle)) };
    setPixel(pixels, at, brush.ink);
  }
}

function paintNoise(pixels: Uint8Array, random: () => number): void {
  for (let y = NOISE.y; y < NOISE.y + NOISE.height; y += 1) {
    for (let x = NOISE.x; x < NOISE.x + NOISE.width; x += 1) {
      if (random() < NOISE.density) setPixel(pixels, { x, y }, FIRST_GREY + Math.floor(random() * GREYS));
    }
  }
}

function setPixel(pixels: Uint8Array, { x, y }: { x: number; y: number }, colour: number): void {
  if (x < 0 || y < 0 || x >= FRAME_WIDTH || y >= FRAME_HEIGHT) return;
  pixels[y * FRAME_WIDTH + x] = colour;
}
