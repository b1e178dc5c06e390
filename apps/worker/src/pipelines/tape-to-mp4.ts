import type { TapeOutput } from '@tapedeck/contracts';
import type { AttemptContext } from '../attempt-context.ts';
import { downloadSource } from '../stages/download.ts';
import { encodeTape } from '../stages/encode.ts';
import { extractTape } from '../stages/extract.ts';
import { probeTape } from '../stages/probe.ts';
import { publishTape } from '../stages/publish.ts';
import { verifyTape } from '../stages/verify.ts';

/** A ZIP of frames becomes an MP4 and a poster. Each stage takes what the one before made; nothing is public before the last. */
export async function tapeToMp4(context: AttemptContext): Promise<TapeOutput> {
  const zipPath = await downloadSource(context, context.request.zipUrl);
  const tape = await extractTape(context, zipPath);
  const plan = await probeTape(context, tape);
  const artifacts = await encodeTape(context, plan);
  const mp4 = await verifyTape(context, plan, artifacts);
  return publishTape(context, mp4, artifacts);
}
