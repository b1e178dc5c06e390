import { JobError } from '@tapedeck/contracts';
import { runTool, type ToolResult, type ToolRun } from './run-tool.ts';
import type { MediaTools } from './tools.ts';

/** Demuxers and decoders that nothing of ours writes with, as FFmpeg signs their complaints. */
const READERS = [
  ...[
    'png',
    'webp',
    'image2',
    'concat',
    'wav',
    'matroska',
    'mov',
    'avi',
    'mpeg',
    'flv',
    'asf',
    'ogg',
    'mxf',
    'dv',
    'ivf',
  ],
  ...['gif', 'mp3float', 'mp3', 'flac', 'aiff', 'caf', 'amr', 'h263', 'h264', 'hevc', 'libdav1d', 'vp\\d', 'libvpx'],
  ...[
    'mpeg[124]video',
    'mpeg4',
    'theora',
    'vc1',
    'wmv\\d',
    'wmav\\d',
    'msmpeg4',
    'prores',
    'dnxhd',
    'dvvideo',
    'qtrle',
  ],
  ...[
    'v210',
    'opus',
    'vorbis',
    'pcm_\\w+',
    'adpcm_\\w+',
    'alac',
    'e?ac3',
    'dca',
    '\\w+_pipe',
    'in#\\S+',
    '\\w*ist#\\S+',
    'dec:\\w+',
  ],
].join('|');

/**
 * FFmpeg names the part that complains. Where that is a demuxer or a decoder, the input is at fault and not the machine:
 * the same bytes will fail again.
 */
const INPUT_COMPLAINT = new RegExp(
  `^\\[(?:${READERS})[ ,@\\]]|Invalid data found when processing input|Error while decoding|not (?:in|on) whitelist|` +
    'Cannot determine format of input stream|decode error rate|Output file is empty|received no packets',
  'im',
);

/**
 * Runs one FFmpeg and turns each way of failing into a code.
 * Returning proves nothing about the file: that is verify's business.
 * @throws JobError ENCODE_…, MEDIA_UNDECODABLE, WORKER_DISK_FULL.
 */
export async function runFfmpeg(tools: MediaTools, run: Omit<ToolRun, 'tool'>): Promise<ToolResult> {
  const result = await runTool(tools, { ...run, tool: 'ffmpeg' });
  const failure = classifyFailure(result);
  if (!failure) return result;
  const { exitCode, signal, stderrTail, durationMs } = result;
  throw new JobError(failure.code, failure.message, { details: { exitCode, signal, stderrTail, durationMs } });
}

function classifyFailure(result: ToolResult): { code: JobError['code']; message: string } | undefined {
  const { stderrTail } = result;
  if (result.diskFull) return { code: 'WORKER_DISK_FULL', message: 'while encoding' };
  if (result.stalled) return { code: 'ENCODE_STALLED', message: stderrTail };
  if (result.timedOut) return { code: 'ENCODE_STALLED', message: `not done after ${result.durationMs} ms` };
  if (result.signal) return { code: 'ENCODE_KILLED', message: `by ${result.signal}` };
  if (result.exitCode !== 0 && INPUT_COMPLAINT.test(stderrTail))
    return { code: 'MEDIA_UNDECODABLE', message: stderrTail };
  if (result.exitCode !== 0) return { code: 'ENCODE_FAILED', message: stderrTail || `exit code ${result.exitCode}` };
  if (result.writeFailed) return { code: 'ENCODE_FAILED', message: stderrTail };
  return undefined;
}
