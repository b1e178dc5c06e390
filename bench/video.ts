import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrameSize } from '@tapedeck/contracts';
import { runFfmpeg } from '@tapedeck/media';
import type { Bench } from './measure.ts';

export interface VideoSpec extends FrameSize {
  durationSec: number;
  seed: number;
}

/** A recording as a camera makes it: H.264 and AAC in an MP4. */
export interface BenchVideo {
  spec: VideoSpec;
  path: string;
  sizeBytes: number;
}

export const VIDEO_FPS = 30;

/** The world is larger than the picture by this much, so that a camera can move over it. */
const WORLD = 1.6;
/** And the camera sees more than the picture has pixels, so that nothing moves by whole pixels. */
const CAMERA = 1.25;

/** Where the camera stands, and when it is cut to. No cut falls on a key frame of ours or of the reference. */
const SCENES = [
  { fromShare: 0, x: '0.5', y: '0.5' },
  { fromShare: 0.23, x: '0.5+0.45*sin(t*0.5)', y: '0.5+0.2*sin(t*0.3)' },
  { fromShare: 0.54, x: '0.5+0.005*sin(t*7)', y: '0.5+0.005*sin(t*9)' },
  { fromShare: 0.79, x: '0.5+0.45*sin(t*2)', y: '0.5+0.4*cos(t*1.3)' },
];
const OBJECTS = 3;

/**
 * Scenes with edges, texture and flat areas: a tripod, a slow pan, an unsteady hand, a fast pan. Things move through
 * each of them, and sensor noise lies over all. The same seed gives the same pixels.
 */
export async function makeVideo(bench: Bench, name: string, spec: VideoSpec): Promise<BenchVideo> {
  const dir = join(bench.dir, name);
  await mkdir(dir, { recursive: true });
  const path = join(dir, 'source.mp4');
  await runFfmpeg(bench.tools, {
    args: [
      ...['-nostdin', '-v', 'error', '-y', '-filter_complex', [...buildPicture(spec), buildSound(spec)].join(';')],
      ...['-map', '[picture]', '-map', '[sound]', '-r', String(VIDEO_FPS), '-t', String(spec.durationSec)],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '19', '-c:a', 'aac', '-b:a', '160k'],
      ...['-movflags', '+faststart', path],
    ],
    cwd: dir,
    signal: bench.signal,
    timeoutMs: bench.environment.JOB_TIMEOUT_MS,
  });
  return { spec, path, sizeBytes: (await stat(path)).size };
}

function buildPicture(spec: VideoSpec): string[] {
  const frameCount = spec.durationSec * VIDEO_FPS;
  const starts = [...SCENES.map(({ fromShare }) => Math.round(fromShare * frameCount)), frameCount];
  const scenes = SCENES.flatMap((_, scene) => buildScene(spec, scene, starts[scene + 1]! - starts[scene]!));
  const pads = SCENES.map((_, scene) => `[scene${scene}]`).join('');
  const grain = `noise=all_seed=${spec.seed}:c0s=6:c1s=4:c2s=4:allf=t`;
  return [...scenes, `${pads}concat=n=${SCENES.length},${grain},setsar=1,format=yuv420p[picture]`];
}

function buildScene({ width, height, seed }: VideoSpec, scene: number, frames: number): string[] {
  const { x, y } = SCENES[scene]!;
  const sceneSeed = (seed * SCENES.length + scene) * 1_000;
  const repeat = `loop=-1:1,setpts=N/${VIDEO_FPS}/TB,trim=end_frame=${frames}`;
  const world = { width: toEven(width * WORLD), height: toEven(height * WORLD) };
  const camera = `crop=${toEven(width * CAMERA)}:${toEven(height * CAMERA)}:(iw-ow)*(${x}):(ih-oh)*(${y})`;
  const objects = Array.from({ length: OBJECTS }, (_, index) => {
    const pad = `s${scene}o${index}`;
    const size = { width: toEven(width / (5 + 2 * index)), height: toEven(height / (3 + index)) };
    const along = (every: number): string => `sin(t*${every.toFixed(2)}+${index})`;
    const place = `(W-w)*(0.5+0.45*${along(0.6 + 0.5 * index)}):(H-h)*(0.5+0.3*${along(1.1 + 0.37 * index)})`;
    const next = index === OBJECTS - 1 ? `scene${scene}` : `s${scene}b${index + 1}`;
    return [
      ...buildTexture(pad, size, sceneSeed + 100 * (index + 1)),
      `[${pad}]format=yuva444p,geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='${ROUNDED}',format=yuva420p,${repeat}[${pad}s]`,
      `[s${scene}b${index}][${pad}s]overlay=${place}[${next}]`,
    ];
  });
  return [
    ...buildTexture(`s${scene}w`, world, sceneSeed),
    `[s${scene}w]format=yuv420p,${repeat},${camera},scale=${width}:${height}:flags=bilinear[s${scene}b0]`,
    ...objects.flat(),
  ];
}

/** Opaque within a square with round corners. */
const ROUNDED = '255*clip((1-pow(2*X/W-1,4)-pow(2*Y/H-1,4))*20,0,1)';

/** One picture: areas of one colour with hard edges, and three octaves of fine structure over the brighter of them. */
function buildTexture(pad: string, size: FrameSize, seed: number): string[] {
  const cells = [7, 25, size.width / 16, size.width / 5, size.width / 2].map(Math.round);
  const colour = '128+(val-128)*0.8';
  return [
    ...cells.map((count, octave) => buildOctave(`${pad}${octave}`, size, count, seed + octave)),
    `[${pad}0][${pad}1]mix=weights='1 0.5',` +
      `lutyuv=y='clip(floor((val-128)/9)*24+120,24,220)':u='${colour}':v='${colour}'[${pad}areas]`,
    `[${pad}2][${pad}3][${pad}4]mix=inputs=3:weights='1 0.7 0.4'[${pad}fine]`,
    `[${pad}areas][${pad}fine]blend=c0_expr='clip(A+(B-128)*0.5*max(0.1,abs(A-128)/100),16,235)'` +
      `:c1_expr=A:c2_expr=A[${pad}]`,
  ];
}

/** Noise of so many cells across, enlarged to the size. */
function buildOctave(pad: string, { width, height }: FrameSize, cells: number, seed: number): string {
  const rows = Math.max(2, Math.round((cells * height) / width));
  const noise = `color=c=gray:s=${Math.max(2, cells)}x${rows},trim=end_frame=1,format=yuv444p,noise=all_seed=${seed}:alls=100`;
  return `${noise},scale=${width}:${height}:flags=bicubic[${pad}]`;
}

function buildSound({ durationSec, seed }: VideoSpec): string {
  return (
    `anoisesrc=seed=${seed}:color=pink:amplitude=0.3:d=${durationSec}:r=48000[noise];` +
    `sine=f=220:b=4:r=48000:d=${durationSec}[tone];[noise][tone]amix=inputs=2,aformat=channel_layouts=stereo[sound]`
  );
}

function toEven(side: number): number {
  return 2 * Math.round(side / 2);
}
