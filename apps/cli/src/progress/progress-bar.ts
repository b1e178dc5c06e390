import { createLeftEstimator } from './estimate-left.ts';
import { formatProgress, type ProgressFigures } from './format-progress.ts';

/** How far a command is, for the person who waits for it. */
export interface ProgressBar {
  advance(progress: ProgressFigures): void;
  /** Takes the line away and gives the cursor back, so that something else can be printed; the next advance draws it again. */
  clear(): void;
}

export interface ProgressBarOptions {
  /** Not stdout: what that is piped to shall not see it. */
  stderr: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;
  /** A program is told in another way. */
  json: boolean;
  nowMs?: () => number;
}

/** It is drawn anew at most so often. */
const DRAW_INTERVAL_MS = 100;
const DEFAULT_COLUMNS = 80;
const CLEAR_LINE = '\r\x1b[K';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

/**
 * One line at the bottom of a terminal, drawn over itself. Where stderr is no terminal, a line for each phase and
 * nothing between, so that a log stays readable; for `--json` nothing at all. Of the libraries the small ones are asleep
 * (cli-progress), the living ones bring a terminal's worth of dependencies (listr2, ink) for what is a screen of code.
 */
export function createProgressBar({ stderr, json, nowMs = () => performance.now() }: ProgressBarOptions): ProgressBar {
  if (json) return { advance: () => undefined, clear: () => undefined };
  return stderr.isTTY ? createDrawnBar(stderr, nowMs) : createPhaseLines(stderr);
}

function createDrawnBar(stderr: ProgressBarOptions['stderr'], nowMs: () => number): ProgressBar {
  const left = createLeftEstimator();
  let isDrawn = false;
  let drawnAtMs = -Infinity;
  let drawnPhase = '';
  const clear = (): void => {
    if (!isDrawn) return;
    isDrawn = false;
    drawnAtMs = -Infinity;
    process.off('exit', clear);
    stderr.write(CLEAR_LINE + SHOW_CURSOR);
  };
  return {
    clear,
    advance(progress) {
      const leftSec = progress.leftSec ?? left.estimateLeftSec(progress.percent, nowMs());
      const isNews = progress.phase !== drawnPhase || progress.percent >= 100;
      if (!isNews && nowMs() - drawnAtMs < DRAW_INTERVAL_MS) return;
      drawnAtMs = nowMs();
      drawnPhase = progress.phase;
      // Whoever ends the process in its middle leaves a terminal that can be used.
      if (!isDrawn) process.once('exit', clear);
      const columns = stderr.columns || DEFAULT_COLUMNS;
      // The last column stays empty: a full line would go on in the next one, and be drawn over no more.
      stderr.write((isDrawn ? '' : HIDE_CURSOR) + CLEAR_LINE + formatProgress({ ...progress, leftSec }, columns - 1));
      isDrawn = true;
    },
  };
}

function createPhaseLines(stderr: ProgressBarOptions['stderr']): ProgressBar {
  let said = '';
  return {
    clear: () => undefined,
    advance({ phase }) {
      if (phase === said) return;
      said = phase;
      if (phase !== '') stderr.write(`${phase}\n`);
    },
  };
}
