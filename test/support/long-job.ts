import { poll } from './poll.ts';
import type { Stack } from './stack.ts';
import { buildTape } from './tape-layouts.ts';

/** @returns the id of a job that is in the middle of its encode, which takes seconds */
export async function startLongJob(stack: Stack, frameCount = 400): Promise<string> {
  const { zip } = await buildTape({ width: 160, height: 120, durationsMs: Array<number>(frameCount).fill(33) });
  const { body } = await stack.post(
    stack.tapeRequest(stack.source.serve('/long.zip', zip), { options: { preset: 'slow', scale: 4 } }),
  );
  await poll('the encode to begin', async () => {
    const { phase, progress } = await stack.job(body.jobId);
    return phase === 'encode' && progress >= 15 ? true : undefined;
  });
  return body.jobId;
}
