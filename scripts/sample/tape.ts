import { encodePng, type Rgba } from './png.ts';
import { encodeWav } from './wav.ts';
import { encodeZip } from './zip.ts';

export interface SampleTape {
  zip: Buffer;
  frameCount: number;
  durationMs: number;
}

const WIDTH = 240;
const HEIGHT = 160;
const TUNE_HZ = [262, 330, 392, 523, 392, 330];

/** A short tape as the recorder writes it: a dot draws a loop, frames come at an uneven pace, a tune plays. */
export async function buildSampleTape(frameCount = 90): Promise<SampleTape> {
  const files = new Map<string, Buffer>();
  const timing: object[] = [];
  let timestamp = 0;
  for (let frame = 0; frame < frameCount; frame += 1) {
    const filename = `frame-${String(frame).padStart(5, '0')}.png`;
    const duration = frame % 3 === 0 ? 50 : 25;
    files.set(filename, encodePng(WIDTH, HEIGHT, paintFrame(frame / frameCount)));
    timing.push({ frame, filename, duration, timestamp });
    timestamp += duration;
  }
  const seconds = timestamp / 1000;
  const metadata = { resolution: { width: WIDTH, height: HEIGHT }, frameCount, totalDuration: seconds, piece: 'loop' };
  files.set('timing.json', Buffer.from(JSON.stringify(timing)));
  files.set('metadata.json', Buffer.from(JSON.stringify(metadata)));
  files.set('soundtrack.wav', encodeWav(seconds, playTune));
  return { zip: await encodeZip(files), frameCount, durationMs: timestamp };
}

function paintFrame(position: number): (x: number, y: number) => Rgba {
  const angle = position * 2 * Math.PI;
  const dotX = WIDTH / 2 + (WIDTH / 3) * Math.sin(angle);
  const dotY = HEIGHT / 2 + (HEIGHT / 3) * Math.sin(2 * angle);
  return (x, y) => {
    const distance = Math.hypot(x - dotX, y - dotY);
    if (distance < 12) return [255, 236, 179, 255];
    const glow = Math.max(0, 90 - distance);
    const [red, green, blue] = [40 + glow, 24 + (x * 40) / WIDTH, 80 + (y * 60) / HEIGHT + glow / 2];
    return [Math.round(red), Math.round(green), Math.round(blue), 255];
  };
}

function playTune(timeSec: number): number {
  const note = TUNE_HZ[Math.floor(timeSec * 2) % TUNE_HZ.length]!;
  const fade = Math.exp(-3 * ((timeSec * 2) % 1));
  return 0.3 * fade * Math.sin(2 * Math.PI * note * timeSec);
}
