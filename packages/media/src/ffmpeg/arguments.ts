/** Of every FFmpeg that we run: no stdin, no question, no chatter. */
export const QUIET = ['-nostdin', '-y', '-hide_banner', '-nostats', '-v', 'error'] as const;

/** Where the first error must end it. */
export const STRICT = [...QUIET, '-xerror'] as const;

/** What a program may open and decode. Input that asks for anything else is refused before it is looked into. */
export interface InputGuard {
  /** Demuxers, by FFmpeg's names. */
  formats: readonly string[];
  /** Decoders, by FFmpeg's names. */
  codecs: readonly string[];
  /** The most that a picture's header may promise; undefined for sound. */
  maxPixels?: number;
}

/** Decoders allocate with a margin around the picture. */
const MARGIN_PIXELS = 128;

/** The largest area that a decoder may allocate for a picture whose header we have read. */
export function maxPixelsFor({ width, height }: { width: number; height: number }): number {
  return (width + MARGIN_PIXELS) * (height + MARGIN_PIXELS);
}

/** Options for the input that follows them. The only protocol is `file`: no URL in any input leads anywhere. */
export function buildInputGuard({ formats, codecs, maxPixels }: InputGuard): string[] {
  return [
    ...['-protocol_whitelist', 'file', '-format_whitelist', formats.join(','), '-codec_whitelist', codecs.join(',')],
    ...(maxPixels === undefined ? [] : ['-max_pixels', String(maxPixels)]),
  ];
}
