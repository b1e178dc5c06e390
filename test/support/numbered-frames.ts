import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { encodePng, type Rgba } from '../../scripts/sample/png.ts';

const exec = promisify(execFile);

/** Frames show their own number as 4×3 black and white blocks: 12 bits that survive scaling and H.264. */
const COLUMNS = 4;
const ROWS = 3;

const BLACK: Rgba = [0, 0, 0, 255];
const WHITE: Rgba = [255, 255, 255, 255];

export function paintNumber(number: number, width = 64, height = 48): Buffer {
  return encodePng(width, height, (x, y) => {
    const column = Math.min(COLUMNS - 1, Math.floor((x * COLUMNS) / width));
    const row = Math.min(ROWS - 1, Math.floor((y * ROWS) / height));
    return (number >> (row * COLUMNS + column)) & 1 ? WHITE : BLACK;
  });
}

export interface ShownPicture {
  number: number;
  startSec: number;
}

/** Which numbered frame each picture of a video shows, and from when on. */
export async function readShownPictures(path: string): Promise<ShownPicture[]> {
  const [pixels, times] = await Promise.all([decodeBlocks(path), readPictureTimes(path)]);
  const bits = COLUMNS * ROWS;
  if (pixels.length !== times.length * bits)
    throw new Error(`${pixels.length / bits} pictures, ${times.length} time stamps`);
  return times.map((startSec, index) => {
    const blocks = pixels.subarray(index * bits, (index + 1) * bits);
    const number = [...blocks].reduce((sum, level, bit) => (level > 128 ? sum | (1 << bit) : sum), 0);
    return { number, startSec };
  });
}

async function decodeBlocks(path: string): Promise<Buffer> {
  const filter = `scale=${COLUMNS}:${ROWS}:flags=area,format=gray`;
  const args = ['-v', 'error', '-i', path, '-vf', filter, '-fps_mode', 'passthrough', '-f', 'rawvideo', '-'];
  const { stdout } = await exec('ffmpeg', args, { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

async function readPictureTimes(path: string): Promise<number[]> {
  const args = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', path];
  const { stdout } = await exec('ffprobe', args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => Number.parseFloat(line));
}

export interface ProbedFile {
  streams: Record<string, string | number>[];
  format: Record<string, string>;
}

export async function probe(path: string): Promise<ProbedFile> {
  const { stdout } = await exec('ffprobe', ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', path]);
  return JSON.parse(stdout) as ProbedFile;
}
