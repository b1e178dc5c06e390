const MIB = 1024 ** 2;

/** A promised ratio, and the one that this run shows. */
export interface Limit {
  what: string;
  ratio: number;
  promise: string;
  isMet: boolean;
}

export function atMost(what: string, ratio: number, most: number): Limit {
  return { what, ratio, promise: `≤ ${most}`, isMet: ratio <= most };
}

export function atLeast(what: string, ratio: number, least: number): Limit {
  return { what, ratio, promise: `≥ ${least}`, isMet: ratio >= least };
}

export function formatLimitTable(limits: readonly Limit[]): string {
  const rows = limits.map(({ what, ratio, promise, isMet }) => [
    what,
    ratio.toFixed(3),
    promise,
    isMet ? 'met' : 'NOT MET',
  ]);
  return formatTable(['limit', 'ratio', 'promised', ''], rows);
}

export function toMib(bytes: number): string {
  return (bytes / MIB).toFixed(bytes < 100 * MIB ? 1 : 0);
}

export function toRatio(ours: number, theirs: number): string {
  return `${(ours / theirs).toFixed(3)} ×`;
}

/** The first column to the left, numbers to the right. The last cell of a short row is a sentence, and no column's width. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widthOf = (row: readonly string[], column: number): number =>
    column === row.length - 1 && row.length < header.length ? 0 : (row[column]?.length ?? 0);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => widthOf(row, column))));
  const isText = (column: number): boolean => rows.every((row) => !/^[\d.]+/.test(row[column] ?? ''));
  const formatRow = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 || isText(column) ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('   ')
      .trimEnd();
  return [header, widths.map((width) => '-'.repeat(width)), ...rows].map(formatRow).join('\n');
}
