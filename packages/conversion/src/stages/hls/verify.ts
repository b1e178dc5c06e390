import { HLS_NAMES } from '@tapedeck/contracts';
import { framesPerSec, outputTags, spriteSize, verifyHls, verifyJpeg, type VerifiedHls } from '@tapedeck/media';
import type { HlsContext } from '../../conversion-context.ts';
import type { HlsArtifacts } from './encode.ts';
import type { HlsPlan } from './probe.ts';

/** Holds the stream against what the plan promised. @throws JobError ENCODE_OUTPUT_INVALID */
export async function verifyStream(context: HlsContext, plan: HlsPlan, artifacts: HlsArtifacts): Promise<VerifiedHls> {
  const { tools, workspace, signal, progress } = context;
  await progress.enter('verify');
  const { source, renditions, storyboard } = plan;
  const { picture } = source;
  const location = { cwd: workspace.dir, signal };
  const { poster } = artifacts;
  if (poster) await verifyJpeg(tools, { ...location, fileName: poster.name }, poster);
  if (storyboard) await verifyJpeg(tools, { ...location, fileName: HLS_NAMES.storyboard }, spriteSize(storyboard));
  return verifyHls(
    tools,
    { ...location, masterName: HLS_NAMES.master },
    {
      durationSec: source.durationSec,
      hasSound: source.sound !== undefined,
      renditions: renditions.map(({ name, width, height }) => ({
        name,
        picture: picture && {
          width,
          height,
          framesPerSec: framesPerSec(picture.frameRate),
          matrix: outputTags(picture.colour).matrix,
        },
      })),
    },
  );
}
