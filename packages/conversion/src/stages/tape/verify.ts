import { verifyMp4, type VerifiedMp4 } from '@tapedeck/media';
import type { TapeContext } from '../../conversion-context.ts';
import type { TapeArtifacts } from './encode.ts';
import type { TapePlan } from './probe.ts';

/** An AAC frame at 44.1 kHz lasts 23 ms: a soundtrack may end that much after its picture. */
const DURATION_TOLERANCE_SEC = 0.05;

/** Holds the MP4 against what the plan promised. @throws JobError ENCODE_OUTPUT_INVALID */
export async function verifyTape(
  context: TapeContext,
  plan: TapePlan,
  { mp4Name }: TapeArtifacts,
): Promise<VerifiedMp4> {
  const { tools, workspace, signal, progress } = context;
  await progress.enter('verify');
  return verifyMp4(
    tools,
    { fileName: mp4Name, cwd: workspace.dir, signal },
    {
      width: plan.output.width,
      height: plan.output.height,
      durationSec: plan.timeline.durationSec,
      durationToleranceSec: DURATION_TOLERANCE_SEC,
      pictureCount: plan.timeline.pictureCount,
      hasAudio: plan.soundtrackName !== undefined,
    },
  );
}
