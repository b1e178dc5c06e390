const CELLS = 25;

/** `[#####....................]` */
export function drawBar(percent: number): string {
  const filled = Math.min(CELLS, Math.round((percent / 100) * CELLS));
  return `[${'#'.repeat(filled)}${'.'.repeat(CELLS - filled)}]`;
}
