import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A test card that moves, and a tone. */
export async function buildSampleVideo({ width = 1280, height = 720, durationSec = 12 } = {}): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'tapedeck-sample-'));
  const path = join(dir, 'sample.mp4');
  const args = [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${width}x${height}:rate=30:duration=${durationSec}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${durationSec}`],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-pix_fmt',
      'yuv420p',
      '-c:a',
      'aac',
      '-movflags',
      '+faststart',
      path,
    ],
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
