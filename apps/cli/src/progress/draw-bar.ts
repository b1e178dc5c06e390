/** `[#####....................]` */
export function drawBar(percent: number, cells: number): string {
  const filled = Math.max(0, Math.min(cells, Math.round((percent / 100) * cells)));
  return `[${'#'.repeat(filled)}${'.'.repeat(cells - filled)}]`;
}
