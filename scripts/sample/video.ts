import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SampleVideo {
  width?: number;
  height?: number;
  durationSec?: number;
  codec?: 'h264' | 'hevc';
  /** HEVC of 10 bits, with PQ. */
  isHdr?: boolean;
}

/** A test card that moves, and a tone. */
export async function buildSampleVideo(video: SampleVideo = {}): Promise<Buffer> {
  const { width = 1280, height = 720, durationSec = 12 } = video;
  const dir = await mkdtemp(join(tmpdir(), 'tapedeck-sample-'));
  const path = join(dir, 'sample.mp4');
  const args = [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${width}x${height}:rate=30:duration=${durationSec}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${durationSec}`],
    ...buildCodecArgs(video),
    ...['-c:a', 'aac', '-movflags', '+faststart', path],
  ];
  try {
    const child = spawn(process.env.FFMPEG_PATH || 'ffmpeg', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const [exitCode] = (await once(child, 'close')) as [number | null];
    if (exitCode !== 0) throw new Error(`the sample video could not be made: ffmpeg ended with ${exitCode}`);
    return await readFile(path);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function buildCodecArgs({ codec = 'h264', isHdr = false }: SampleVideo): string[] {
  const hevc = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error', '-tag:v', 'hvc1'];
  const pq = ['-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-colorspace', 'bt2020nc'];
  if (isHdr) return [...hevc, ...pq, '-pix_fmt', 'yuv420p10le'];
  return [...(codec === 'hevc' ? hevc : ['-c:v', 'libx264', '-preset', 'ultrafast']), '-pix_fmt', 'yuv420p'];
}
