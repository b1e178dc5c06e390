export interface EncodeProgress {
  /** Pictures written so far. */
  frame: number;
  /** Seconds of output written so far. */
  outTimeSec: number;
  /** Output seconds per second; undefined until FFmpeg knows. */
  speed: number | undefined;
  /** False when this report says the same as the one before: FFmpeg reports on a timer even while it is stuck. */
  advanced: boolean;
}

/**
 * Parses the text of `-progress`: `key=value` lines in blocks that end with `progress=continue` or `progress=end`.
 * Feed it chunks as they come.
 */
export function createProgressParser(onProgress: (progress: EncodeProgress) => void): (chunk: string) => void {
  let pending = '';
  let block: Record<string, string> = {};
  let previous = '';
  return (chunk) => {
    const lines = (pending + chunk).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      const separator = line.indexOf('=');
      if (separator < 0) continue;
      const key = line.slice(0, separator).trim();
      block[key] = line.slice(separator + 1).trim();
      if (key !== 'progress') continue;
      const state = `${block.frame} ${block.out_time_us} ${block.total_size}`;
      onProgress({
        frame: toNumber(block.frame) ?? 0,
        outTimeSec: Math.max(0, (toNumber(block.out_time_us) ?? 0) / 1e6),
        speed: toNumber(block.speed?.replace('x', '')),
        advanced: state !== previous,
      });
      previous = state;
      block = {};
    }
  };
}

function toNumber(text: string | undefined): number | undefined {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) ? value : undefined;
}
