import type { VerifiedHls } from '@tapedeck/media';
import type { HlsContext, PipelineEnds } from '../conversion-context.ts';
import { encodeHls, type HlsArtifacts } from '../stages/hls/encode.ts';
import { probeVideo } from '../stages/hls/probe.ts';
import { verifyStream } from '../stages/hls/verify.ts';

/** A master playlist with all that it leads to. */
export interface MadeHls extends HlsArtifacts {
  hls: VerifiedHls;
}

/** A video becomes an adaptive stream and a poster. Each stage takes what the one before made; only what was verified is handed over. */
export async function videoToHls<Output>(
  context: HlsContext,
  { bringSource, handOver }: PipelineEnds<MadeHls, Output>,
): Promise<Output> {
  const sourceName = await bringSource();
  const plan = await probeVideo(context, sourceName);
  const artifacts = await encodeHls(context, plan);
  const hls = await verifyStream(context, plan, artifacts);
  return handOver({ ...artifacts, hls });
}
