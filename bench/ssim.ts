import { runFfmpeg } from '@tapedeck/media';
import type { Bench } from './measure.ts';

/**
 * How alike two recordings are, picture by picture.
 * @param graph FFmpeg's filters from the inputs to the pads `shown` and `meant`, of the same size
 */
export async function measureSsim(bench: Bench, inputs: readonly string[], graph: readonly string[]): Promise<number> {
  // What was made and what it was made of lie in two directories; a guarded FFmpeg sees one.
  const { stderrTail } = await runFfmpeg(
    { ...bench.tools, guards: [] },
    {
      args: [
        ...['-nostdin', '-hide_banner', '-nostats', ...inputs],
        ...['-filter_complex', [...graph, '[shown][meant]ssim'].join(';'), '-f', 'null', '-'],
      ],
      cwd: bench.dir,
      signal: bench.signal,
      timeoutMs: bench.environment.JOB_TIMEOUT_MS,
    },
  );
  const all = /SSIM .*All:([\d.]+)/.exec(stderrTail)?.[1];
  if (all === undefined) throw new Error(`bench: expected an SSIM, got ${stderrTail}`);
  return Number(all);
}
