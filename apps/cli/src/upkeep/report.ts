import type { Writable } from 'node:stream';
import type { Deed } from '@tapedeck/upkeep';
import { printable } from '../printable.ts';
import { drawBar } from './draw-bar.ts';

export interface Summary {
  done: number;
  skipped: number;
  failed: number;
  /** Of what was done. */
  sizeBytes: number;
}

/** Tells of deeds as they come, and counts them. */
export interface Report {
  onDeed(deed: Deed): void;
  /** How far it is; drawn in a terminal only. */
  advance(done: number, total: number): void;
  /** The last word. @returns whether nothing failed */
  close(isInterrupted: boolean): boolean;
}

export interface ReportOptions {
  json: boolean;
  dryRun: boolean;
  /** Lines, or JSON. */
  stdout: Writable;
  /** The bar: what stdout is piped to shall not see it. */
  stderr: NodeJS.WriteStream;
}

/** The bar is drawn anew at most so often. */
const DRAW_INTERVAL_MS = 100;

/** One line a deed and a last one; with `json` one object a line, the last one with a `summary`. */
export function createReport({ json, dryRun, stdout, stderr }: ReportOptions): Report {
  const summary: Summary = { done: 0, skipped: 0, failed: 0, sizeBytes: 0 };
  const hasBar = stderr.isTTY && !json;
  let drawnAtMs = -Infinity;
  const clear = (): void => {
    if (hasBar) stderr.write('\r\x1b[K');
  };
  return {
    onDeed(deed) {
      summary[deed.outcome] += 1;
      if (deed.outcome === 'done') summary.sizeBytes += deed.sizeBytes ?? 0;
      clear();
      stdout.write(json ? `${JSON.stringify({ ...deed, dryRun })}\n` : toLine(deed, dryRun));
    },
    advance(done, total) {
      if (!hasBar || (performance.now() - drawnAtMs < DRAW_INTERVAL_MS && done < total)) return;
      drawnAtMs = performance.now();
      clear();
      stderr.write(`${drawBar((100 * done) / Math.max(1, total))} ${done} of ${total}`);
    },
    close(isInterrupted) {
      clear();
      const isWell = summary.failed === 0 && !isInterrupted;
      stdout.write(
        json
          ? `${JSON.stringify({ ok: isWell, dryRun, interrupted: isInterrupted, summary })}\n`
          : describeSummary(summary, dryRun, isInterrupted),
      );
      return isWell;
    },
  };
}

function toLine({ outcome, about, what, sizeBytes }: Deed, dryRun: boolean): string {
  const mark = outcome === 'done' && dryRun ? 'would' : outcome;
  return `${mark.padEnd(8)}${printable(`${about}: ${what}`)}${sizeBytes === undefined ? '' : ` (${toMegabytes(sizeBytes)})`}\n`;
}

function describeSummary(summary: Summary, dryRun: boolean, isInterrupted: boolean): string {
  const { done, skipped, failed, sizeBytes } = summary;
  const what = dryRun ? `${done} to do, nothing was changed` : `${done} done`;
  const size = sizeBytes > 0 ? ` (${toMegabytes(sizeBytes)})` : '';
  const end = isInterrupted ? '; interrupted: the same command goes on from here' : '';
  return `${what}${size}, ${skipped} skipped, ${failed} failed${end}\n`;
}

function toMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
