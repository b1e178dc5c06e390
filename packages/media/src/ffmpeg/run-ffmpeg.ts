import { JobError } from '@tapedeck/contracts';
import { runTool, type ToolResult, type ToolRun } from './run-tool.ts';
import type { MediaTools } from './tools.ts';

/** What FFmpeg says when the input, and not the machine, is at fault. */
const UNDECODABLE =
  /Invalid data found when processing input|Error while decoding|Decode error rate|could not find codec parameters|Invalid PNG|inflate returned error|chunk too big|not in whitelist/i;

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
  if (/No space left on device/.test(stderrTail)) return { code: 'WORKER_DISK_FULL', message: 'while encoding' };
  if (result.stalled) return { code: 'ENCODE_STALLED', message: stderrTail };
  if (result.timedOut) return { code: 'ENCODE_STALLED', message: `not done after ${result.durationMs} ms` };
  if (result.signal) return { code: 'ENCODE_KILLED', message: `by ${result.signal}` };
  if (result.exitCode !== 0 && UNDECODABLE.test(stderrTail)) return { code: 'MEDIA_UNDECODABLE', message: stderrTail };
  if (result.exitCode !== 0) return { code: 'ENCODE_FAILED', message: stderrTail || `exit code ${result.exitCode}` };
  if (result.writeFailed) return { code: 'ENCODE_FAILED', message: stderrTail };
  return undefined;
}
