import type { HlsOutput } from '@tapedeck/contracts';
import type { HlsContext } from '../attempt-context.ts';
import { downloadSource } from '../stages/download.ts';
import { encodeHls } from '../stages/hls/encode.ts';
import { probeVideo } from '../stages/hls/probe.ts';
import { publishHls } from '../stages/hls/publish.ts';
import { verifyStream } from '../stages/hls/verify.ts';

/** A video becomes an adaptive stream and a poster. Each stage takes what the one before made; nothing is public before the last. */
export async function videoToHls(context: HlsContext): Promise<HlsOutput> {
  const sourceName = await downloadSource(context, context.request.videoUrl);
  const plan = await probeVideo(context, sourceName);
  const artifacts = await encodeHls(context, plan);
  const hls = await verifyStream(context, plan, artifacts);
  return publishHls(context, artifacts, hls);
}
