import type { ToolRunReport } from '@tapedeck/contracts';
import type { MediaTools, ToolReport } from '@tapedeck/media';
import { withDeadline, type Logger } from '@tapedeck/runtime';
import type { PhaseLog } from './phase-log.ts';

/** The tools of one attempt, and what becomes known of their runs. */
export interface ToolRuns {
  tools: MediaTools;
  /** Resolves when what was to be noted is, or cannot be. Before the attempt ends: then it may note nothing any more. */
  noted(): Promise<void>;
}

export interface ToolRunsOptions {
  phases: Pick<PhaseLog, 'phase'>;
  /** Writes a run into the job's history. */
  note: (run: ToolRunReport) => Promise<void>;
  logger: Logger;
}

/** A history is to be read. For what failed there is room after the others: an attempt ends with that. */
const MAX_NOTED = { succeeded: 20, all: 40 };
const NOTE_TIMEOUT_MS = 5_000;

/**
 * Every run is a line of the log, with what the program complained of. A probe that went well says nothing that the
 * phase's line does not, and is there for debugging. Encodes, and whatever failed, are in the job's history, too.
 */
export function watchToolRuns(tools: MediaTools, { phases, note, logger }: ToolRunsOptions): ToolRuns {
  const pending: Promise<void>[] = [];
  const onNoteFailed = (error: unknown): void => logger.warn({ err: error }, "a run is not in the job's history");
  const onRun = (run: ToolReport): void => {
    logger[levelOf(run)](pickReport(run), `${run.tool} ended`);
    const max = run.exitCode === 0 ? MAX_NOTED.succeeded : MAX_NOTED.all;
    if (!isSalient(run) || pending.length >= max) return;
    pending.push(note(describeRun(run, phases.phase)).catch(onNoteFailed));
  };
  return {
    tools: { ...tools, onRun },
    async noted() {
      await withDeadline(Promise.all(pending), NOTE_TIMEOUT_MS, 'noting what was run').catch(onNoteFailed);
    },
  };
}

function levelOf({ tool, exitCode }: ToolReport): 'warn' | 'info' | 'debug' {
  if (exitCode !== 0) return 'warn';
  return tool === 'ffmpeg' ? 'info' : 'debug';
}

/** Neither what it wrote to stdout nor what it was told. */
function pickReport({ tool, exitCode, signal, timedOut, stalled, durationMs, stderrTail }: ToolReport) {
  return { tool, exitCode, signal, timedOut, stalled, durationMs, stderrTail };
}

/** Not a poster's that went well: its command is as long as an encode's, and Redis has it as long as the job. */
function isSalient({ isEncode, exitCode }: ToolReport): boolean {
  return isEncode || exitCode !== 0;
}

function describeRun(run: ToolReport, phase: ToolRunReport['phase'] = null): ToolRunReport {
  const { stderrTail: stderr, ...known } = pickReport(run);
  return { ...known, phase, command: formatCommand(run), stderr };
}

const COMMAND_HEAD_CHARS = 2_000;
const COMMAND_TAIL_CHARS = 1_999;

/** As a shell would take it. Of a long one its beginning and its end. */
export function formatCommand({ tool, args }: Pick<ToolReport, 'tool' | 'args'>): string {
  const command = [tool, ...args.map(quote)].join(' ');
  if (command.length <= COMMAND_HEAD_CHARS + COMMAND_TAIL_CHARS + 1) return command;
  return `${command.slice(0, COMMAND_HEAD_CHARS)}…${command.slice(-COMMAND_TAIL_CHARS)}`;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
