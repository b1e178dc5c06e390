import type { Writable } from 'node:stream';
import type { Deed } from '@tapedeck/upkeep';
import { printable } from '../printable.ts';
import { createProgressBar } from '../progress/progress-bar.ts';

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
  /** The bar. */
  stderr: NodeJS.WriteStream;
}

/** One line a deed and a last one; with `json` one object a line, the last one with a `summary`. */
export function createReport({ json, dryRun, stdout, stderr }: ReportOptions): Report {
  const summary: Summary = { done: 0, skipped: 0, failed: 0, sizeBytes: 0 };
  const bar = createProgressBar({ stderr, json });
  return {
    onDeed(deed) {
      summary[deed.outcome] += 1;
      if (deed.outcome === 'done') summary.sizeBytes += deed.sizeBytes ?? 0;
      bar.clear();
      stdout.write(json ? `${JSON.stringify({ ...deed, dryRun })}\n` : toLine(deed, dryRun));
    },
    advance(done, total) {
      bar.advance({ percent: (100 * done) / Math.max(1, total), phase: '', speed: `${done} of ${total}` });
    },
    close(isInterrupted) {
      bar.clear();
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
