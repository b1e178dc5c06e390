import { readAnswer } from './answers.ts';
import type { MediaTools } from './tools.ts';

/** What our argument lists name: H.264 and AAC for results, JPEG for stills, raw pictures for their statistics. */
const ENCODERS = ['libx264', 'aac', 'mjpeg', 'rawvideo'];

/** @returns those that this FFmpeg was built without */
export async function findMissingEncoders({ ffmpegPath, searchPath }: MediaTools): Promise<string[]> {
  const answer = await readAnswer([ffmpegPath, '-hide_banner', '-encoders'], { searchPath });
  // One a line: flags, name, description.
  const present = [...(answer ?? '').matchAll(/^ [VAS][\w.]{5} (\S+)/gm)].map(([, name]) => name);
  return ENCODERS.filter((encoder) => !present.includes(encoder));
}
