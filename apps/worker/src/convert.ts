import type { ConvertRequest, JobOutput } from '@tapedeck/contracts';
import { tapeToMp4, videoToHls } from '@tapedeck/conversion';
import type { AttemptContext, HlsAttempt, TapeAttempt } from './attempt-context.ts';
import { downloadSource } from './stages/download.ts';
import { publishHls } from './stages/publish-hls.ts';
import { publishTape } from './stages/publish-tape.ts';

/** The pipelines, with a service's ends: what is downloaded comes in, and what goes out is published. */
export function convert(request: ConvertRequest, context: Omit<AttemptContext, 'request'>): Promise<JobOutput> {
  return request.kind === 'tape' ? convertTape({ ...context, request }) : convertVideo({ ...context, request });
}

function convertTape(context: TapeAttempt): Promise<JobOutput> {
  return tapeToMp4(context, {
    bringSource: () => downloadSource(context, context.request.zipUrl),
    handOver: (made) => publishTape(context, made),
  });
}

function convertVideo(context: HlsAttempt): Promise<JobOutput> {
  return videoToHls(context, {
    bringSource: () => downloadSource(context, context.request.videoUrl),
    handOver: (made) => publishHls(context, made),
  });
}
