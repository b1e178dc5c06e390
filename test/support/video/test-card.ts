/** One decoded picture: 3 bytes a pixel, row after row. */
export interface Picture {
  width: number;
  height: number;
  rgb: Buffer;
}

export type Rgb = readonly [number, number, number];

/**
 * What a test card shows: four quadrants of different colours within a yellow border, and its own number as 4×3 blocks
 * in the middle. Turning, mirroring, cropping, bars, wrong colours and wrong times all change what is read from it.
 */
export const CARD_COLOURS = {
  red: [225, 25, 25],
  green: [25, 200, 45],
  blue: [30, 45, 225],
  white: [235, 235, 235],
  yellow: [225, 205, 35],
  black: [0, 0, 0],
} as const satisfies Record<string, Rgb>;
export type ColourName = keyof typeof CARD_COLOURS;

export const UPRIGHT_CARD = {
  topLeft: 'red',
  topRight: 'green',
  bottomLeft: 'blue',
  bottomRight: 'white',
  left: 'yellow',
  right: 'yellow',
  top: 'yellow',
  bottom: 'yellow',
};

/** Where the number's blocks lie, as parts of width and height. `filled`: for pictures too small for more. */
const AREAS = { card: { from: 0.3, to: 0.7 }, filled: { from: 0, to: 1 } };
export type CardStyle = keyof typeof AREAS;

const BORDER = 0.07;
const COLUMNS = 4;
const ROWS = 3;
export const CARD_BITS = COLUMNS * ROWS;

/** The colour of a point; u and v run from 0 to 1. */
export function colourOfCard(number: number, u: number, v: number, style: CardStyle = 'card'): Rgb {
  const { from, to } = AREAS[style];
  if (u >= from && u < to && v >= from && v < to) {
    const column = Math.floor(((u - from) / (to - from)) * COLUMNS);
    const row = Math.floor(((v - from) / (to - from)) * ROWS);
    return (number >> (row * COLUMNS + column)) & 1 ? CARD_COLOURS.white : CARD_COLOURS.black;
  }
  if (Math.min(u, v, 1 - u, 1 - v) < BORDER) return CARD_COLOURS.yellow;
  if (v < 0.5) return u < 0.5 ? CARD_COLOURS.red : CARD_COLOURS.green;
  return u < 0.5 ? CARD_COLOURS.blue : CARD_COLOURS.white;
}

export type Painter = (u: number, v: number) => readonly number[];

/** Raw pixels, 3 or 4 bytes each, as the painter gives them. */
export function paint(width: number, height: number, painter: Painter, channels: 3 | 4 = 3): Buffer {
  const pixels = Buffer.alloc(width * height * channels);
  let at = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const colour = painter((x + 0.5) / width, (y + 0.5) / height);
      for (let channel = 0; channel < channels; channel += 1) pixels[at + channel] = colour[channel]!;
      at += channels;
    }
  }
  return pixels;
}

/** The mean colour of a small patch around a point. */
export function readPatch({ width, height, rgb }: Picture, u: number, v: number, part = 0.02): Rgb {
  const sum = [0, 0, 0];
  let count = 0;
  for (let y = Math.floor((v - part) * height); y <= Math.floor((v + part) * height); y += 1) {
    for (let x = Math.floor((u - part) * width); x <= Math.floor((u + part) * width); x += 1) {
      const at = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel += 1) sum[channel]! += rgb[at + channel]!;
      count += 1;
    }
  }
  return [Math.round(sum[0]! / count), Math.round(sum[1]! / count), Math.round(sum[2]! / count)];
}

/** Less than what a wrong YCbCr matrix (20) or a wrong range (16) does to these colours. */
const COLOUR_TOLERANCE = 12;
/** At the border the neighbours shine in; there only the place counts. */
const BORDER_TOLERANCE = 30;

export function nameColour(colour: Rgb, tolerance = COLOUR_TOLERANCE): ColourName | `rgb(${string})` {
  const names = Object.keys(CARD_COLOURS) as ColourName[];
  const isNear = (name: ColourName): boolean =>
    CARD_COLOURS[name].every((level, channel) => Math.abs(level - colour[channel]!) <= tolerance);
  return names.find(isNear) ?? `rgb(${colour.join(' ')})`;
}

/** The colours of a card by name, where one is not as it was painted by its levels. Compare with UPRIGHT_CARD. */
export function describeCard(picture: Picture): typeof UPRIGHT_CARD {
  const near = BORDER / 2;
  const at = (u: number, v: number): string => nameColour(readPatch(picture, u, v));
  const border = (u: number, v: number): string => nameColour(readPatch(picture, u, v, 0.008), BORDER_TOLERANCE);
  return {
    topLeft: at(0.18, 0.18),
    topRight: at(0.82, 0.18),
    bottomLeft: at(0.18, 0.82),
    bottomRight: at(0.82, 0.82),
    left: border(near, 0.5),
    right: border(1 - near, 0.5),
    top: border(0.5, near),
    bottom: border(0.5, 1 - near),
  };
}

/** A block between black and white: two pictures laid over each other. */
export const UNCLEAR = -1;

/** The number that a card shows, or UNCLEAR. */
export function readNumber(picture: Picture, style: CardStyle = 'card'): number {
  const { from, to } = AREAS[style];
  let number = 0;
  for (let bit = 0; bit < CARD_BITS; bit += 1) {
    const u = from + (((bit % COLUMNS) + 0.5) / COLUMNS) * (to - from);
    const v = from + ((Math.floor(bit / COLUMNS) + 0.5) / ROWS) * (to - from);
    const [, level] = readPatch(picture, u, v, 0.01);
    if (level > 60 && level < 175) return UNCLEAR;
    if (level >= 175) number |= 1 << bit;
  }
  return number;
}
