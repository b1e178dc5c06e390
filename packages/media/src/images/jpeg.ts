/**
 * FFmpeg's JPEG at quality 85 of the libjpeg scale: the example tables of ITU-T T.81, annex K, times 0.3. FFmpeg's own
 * tables come from MPEG-1, and its `-q:v` means nothing to people who know JPEG.
 */
const QUALITY_SCALE = 0.3;

const LUMA = [
  ...[16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29],
  ...[
    51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120,
  ],
  ...[101, 72, 92, 95, 98, 112, 100, 103, 99],
];
const CHROMA = [
  ...[17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99],
  ...Array<number>(36).fill(99),
];

/** At this `-q:v` FFmpeg takes the tables as they are. */
const UNSCALED = '8';

export const JPEG_85: readonly string[] = [
  ...['-c:v', 'mjpeg', '-q:v', UNSCALED, '-pix_fmt', 'yuvj420p'],
  ...['-intra_matrix', scaled(LUMA), '-chroma_intra_matrix', scaled(CHROMA)],
];

function scaled(table: readonly number[]): string {
  return table.map((value) => Math.max(1, Math.round(value * QUALITY_SCALE))).join(',');
}
