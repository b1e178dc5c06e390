import type { VerifiedMp4 } from '@tapedeck/media';
import type { PipelineEnds, TapeContext } from '../conversion-context.ts';
import { encodeTape, type TapeArtifacts } from '../stages/tape/encode.ts';
import { extractTape } from '../stages/tape/extract.ts';
import { probeTape } from '../stages/tape/probe.ts';
import { verifyTape } from '../stages/tape/verify.ts';

/** An MP4, and a poster if one was asked for. */
export interface MadeMp4 extends TapeArtifacts {
  mp4: VerifiedMp4;
}

/** A ZIP of frames becomes an MP4 and a poster. Each stage takes what the one before made; only what was verified is handed over. */
export async function tapeToMp4<Output>(
  context: TapeContext,
  { bringSource, handOver }: PipelineEnds<MadeMp4, Output>,
): Promise<Output> {
  const zipName = await bringSource();
  const tape = await extractTape(context, zipName);
  const plan = await probeTape(context, tape);
  const artifacts = await encodeTape(context, plan);
  const mp4 = await verifyTape(context, plan, artifacts);
  return handOver({ ...artifacts, mp4 });
}
