import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeProtections, findMediaTools, runFfmpeg } from '@tapedeck/media';

/** `fork-bomb.ts DIR`: starts processes in FFmpeg's place until it is kept from it; says how many, and what protects. */
const [cwd = '.'] = process.argv.slice(2);
const limits = { workDir: cwd, memoryBytes: 1024 ** 3 };
const tools = await findMediaTools({ ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', ...limits });
const script = 'i=0; while [ $i -lt 1500 ]; do sleep 60 & i=$((i + 1)); echo $i > started; done; exit 1';
const run = { args: ['-c', script], cwd, signal: AbortSignal.timeout(30_000), timeoutMs: 20_000 };
await runFfmpeg({ ...tools, ffmpegPath: 'sh' }, run).catch(() => undefined);
const started = Number(await readFile(join(cwd, 'started'), 'utf8'));
process.stdout.write(JSON.stringify({ missing: describeProtections(tools.guards).missing, started }));
