import type { ProbedStream } from '../ffmpeg/probe.ts';

/** H.273 codes by FFmpeg's names. */
export interface ColourTags {
  matrix: string;
  primaries: string;
  transfer: string;
}

/**
 * - `sdr`: kept as it is, and tagged, so that the renditions of one video are never guessed differently by their size
 * - `rgb`, and what has transparency: converted with the BT.709 matrix
 * - `wide`: BT.2020 without HDR, brought to BT.709
 * - `pq`, `hlg`: tone-mapped to BT.709
 */
export interface SourceColour {
  kind: 'sdr' | 'rgb' | 'wide' | 'pq' | 'hlg';
  source: ColourTags;
  range: 'tv' | 'pc';
  /** The brightest that the recording means to show. */
  peakNits: number;
}

export const BT709: ColourTags = { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' };

/** From here on untagged video is taken for HD, as players do. */
const HD_HEIGHT = 720;
const DEFAULT_PEAK_NITS = 1_000;
const MAX_PEAK_NITS = 10_000;

export function describeColour(stream: ProbedStream): SourceColour {
  const { color_transfer: transfer, color_space: matrix, color_primaries: primaries, pix_fmt = '' } = stream;
  const kind =
    transfer === 'smpte2084'
      ? 'pq'
      : transfer === 'arib-std-b67'
        ? 'hlg'
        : matrix === 'bt2020nc' || matrix === 'bt2020c'
          ? 'wide'
          : /^(?:gbr|rgb|bgr|argb|abgr|pal8|0rgb|0bgr)/.test(pix_fmt)
            ? 'rgb'
            : 'sdr';
  const fallback = kind === 'sdr' || kind === 'rgb' ? guessTags(stream) : BT2020;
  return {
    kind,
    source: {
      matrix: usableTag(matrix, kind, CONVERTIBLE.matrix) ?? fallback.matrix,
      primaries: usableTag(primaries, kind, CONVERTIBLE.primaries) ?? fallback.primaries,
      transfer: usableTag(transfer, kind, CONVERTIBLE.transfer) ?? fallback.transfer,
    },
    range: stream.color_range === 'pc' || pix_fmt.startsWith('yuvj') ? 'pc' : 'tv',
    peakNits: readPeakNits(stream),
  };
}

const BT2020: ColourTags = { matrix: 'bt2020nc', primaries: 'bt2020', transfer: 'bt709' };

function guessTags({ height = 0, width = 0 }: ProbedStream): ColourTags {
  if (Math.min(height, width) >= HD_HEIGHT) return BT709;
  if (height === 576) return { matrix: 'bt470bg', primaries: 'bt470bg', transfer: 'bt709' };
  return { matrix: 'smpte170m', primaries: 'smpte170m', transfer: 'smpte170m' };
}

/** What the converter to BT.709 takes; a recording with another tag is a mistake, or an experiment. */
const CONVERTIBLE = {
  matrix: ['bt709', 'bt470bg', 'smpte170m', 'bt2020nc', 'bt2020c'],
  primaries: ['bt709', 'bt470m', 'bt470bg', 'smpte170m', 'smpte240m', 'film', 'bt2020', 'smpte431', 'smpte432'],
  transfer: ['bt709', 'bt470m', 'bt470bg', 'smpte170m', 'bt2020-10', 'bt2020-12', 'smpte2084', 'arib-std-b67'],
};

/** @returns undefined for what says nothing, and for what must be converted and cannot be */
function usableTag(
  tag: string | undefined,
  kind: SourceColour['kind'],
  convertible: readonly string[],
): string | undefined {
  if (!tag || ['unknown', 'reserved', 'unspecified', 'gbr'].includes(tag)) return undefined;
  return kind === 'sdr' || kind === 'rgb' || convertible.includes(tag) ? tag : undefined;
}

/** The brightest pixel by the maker's account (CTA-861.3), else what the mastering display could do, else the usual. */
function readPeakNits({ side_data_list: sideData }: ProbedStream): number {
  const content = sideData.find((data) => data.max_content)?.max_content;
  const [numerator, denominator] = (sideData.find((data) => data.max_luminance)?.max_luminance ?? '')
    .split('/')
    .map(Number);
  const mastering = numerator && denominator ? numerator / denominator : undefined;
  // Zero means that nobody measured.
  return Math.min(MAX_PEAK_NITS, content || mastering || DEFAULT_PEAK_NITS);
}
