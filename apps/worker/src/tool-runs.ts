import type { MediaTools, ToolReport } from '@tapedeck/media';
import type { Logger } from '@tapedeck/runtime';

/**
 * Tools whose every run is a line of this log, with what the program complained of. A probe that went well says nothing
 * that the phase's line does not, and is there for debugging.
 */
export function logToolRuns(tools: MediaTools, logger: Logger): MediaTools {
  return { ...tools, onRun: (run) => logger[levelOf(run)](pickReport(run), `${run.tool} ended`) };
}

function levelOf({ tool, exitCode }: ToolReport): 'warn' | 'info' | 'debug' {
  if (exitCode !== 0) return 'warn';
  return tool === 'ffmpeg' ? 'info' : 'debug';
}

/** Not what it wrote to stdout. */
function pickReport({ tool, exitCode, signal, timedOut, stalled, durationMs, stderrTail }: ToolReport): ToolReport {
  return { tool, exitCode, signal, timedOut, stalled, durationMs, stderrTail };
}
