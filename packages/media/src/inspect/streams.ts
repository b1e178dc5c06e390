import type { Probe, ProbedStream } from '../ffmpeg/probe.ts';
import type { Findings } from './finding.ts';

interface Judged {
  where: string;
  /** Whether sound alone would be a fault. */
  needsPicture: boolean;
}

/** What browsers play in MP4 and HLS: everywhere, or in some of them. */
const CODECS: Record<'video' | 'audio', { everywhere: readonly string[]; somewhere: readonly string[] }> = {
  video: { everywhere: ['h264'], somewhere: ['hevc', 'av1', 'vp9'] },
  audio: { everywhere: ['aac', 'mp3'], somewhere: ['opus', 'flac', 'ac3', 'eac3', 'alac'] },
};

/** Of H.264, times ten; hardware decoders commonly end there. */
const LEVEL_5_1 = 51;

export function judgeStreams({ streams }: Probe, { where, needsPicture }: Judged, findings: Findings): void {
  const pictures = streams.filter((stream) => stream.codec_type === 'video' && !stream.disposition.attached_pic);
  const sounds = streams.filter((stream) => stream.codec_type === 'audio');
  if (pictures.length === 0 && (needsPicture || sounds.length === 0)) {
    const what = sounds.length === 0 ? 'it has neither picture nor sound' : 'it has sound and no picture';
    findings.add({ verdict: 'wrong', code: 'no-picture', where, what });
  }
  for (const stream of pictures) {
    judgeCodec(stream, 'video', where, findings);
    judgePicture(stream, where, findings);
  }
  for (const stream of sounds) judgeCodec(stream, 'audio', where, findings);
}

function judgeCodec(
  { codec_name: codec = 'unknown' }: ProbedStream,
  type: 'video' | 'audio',
  where: string,
  findings: Findings,
): void {
  const { everywhere, somewhere } = CODECS[type];
  if (everywhere.includes(codec)) return;
  const isSomewhere = somewhere.includes(codec);
  const what = `its ${type} is ${codec}, which ${isSomewhere ? 'not every browser plays' : 'browsers do not play'}`;
  const advice = `Convert it: ${everywhere[0]} plays everywhere.`;
  findings.add({ verdict: isSomewhere ? 'hint' : 'wrong', code: `${type}-codec`, where, what, advice });
}

function judgePicture(stream: ProbedStream, where: string, findings: Findings): void {
  const { codec_name: codec, pix_fmt: pixelFormat = 'unknown', width = 0, height = 0, level = 0 } = stream;
  if (codec === 'h264' && !/^yuvj?420p$/.test(pixelFormat)) {
    const what = `its pixels are ${pixelFormat}: phones and Safari play yuv420p only`;
    findings.add({ verdict: 'wrong', code: 'pixel-format', where, what, advice: 'Encode with -pix_fmt yuv420p.' });
  }
  if (width === 0 || height === 0) {
    findings.add({ verdict: 'wrong', code: 'no-size', where, what: 'its picture has no size' });
  } else if (width % 2 !== 0 || height % 2 !== 0) {
    const what = `its picture has an odd side: ${width}x${height}; some decoders show a stripe, or nothing`;
    findings.add({ verdict: 'hint', code: 'odd-size', where, what });
  }
  if (codec === 'h264' && level > LEVEL_5_1) {
    const what = `H.264 level ${(level / 10).toFixed(1)} (${width}x${height}): hardware decoders commonly end at 5.1`;
    findings.add({ verdict: 'hint', code: 'high-level', where, what, advice: 'Make it smaller.' });
  }
}
