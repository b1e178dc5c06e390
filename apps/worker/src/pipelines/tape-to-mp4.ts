import type { TapeOutput } from '@tapedeck/contracts';
import type { TapeContext } from '../attempt-context.ts';
import { downloadSource } from '../stages/download.ts';
import { encodeTape } from '../stages/tape/encode.ts';
import { extractTape } from '../stages/tape/extract.ts';
import { probeTape } from '../stages/tape/probe.ts';
import { publishTape } from '../stages/tape/publish.ts';
import { verifyTape } from '../stages/tape/verify.ts';

/** A ZIP of frames becomes an MP4 and a poster. Each stage takes what the one before made; nothing is public before the last. */
export async function tapeToMp4(context: TapeContext): Promise<TapeOutput> {
  const zipName = await downloadSource(context, context.request.zipUrl);
  const tape = await extractTape(context, zipName);
  const plan = await probeTape(context, tape);
  const artifacts = await encodeTape(context, plan);
  const mp4 = await verifyTape(context, plan, artifacts);
  return publishTape(context, mp4, artifacts);
}
