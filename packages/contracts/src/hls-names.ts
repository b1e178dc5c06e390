/** What a stream's objects are called, relative to its slug. Names of one run are told from another's by its id. */
export const HLS_NAMES = {
  master: 'master.m3u8',
  poster: 'poster.jpg',
  storyboard: 'storyboard.jpg',
  storyboardVtt: 'storyboard.vtt',
  playlist: (rendition: string) => `${rendition}/playlist.m3u8`,
  /** FFmpeg puts the number in. */
  segments: (rendition: string, runId: string) => `${rendition}/${runId}-%05d.ts`,
} as const;

/** Twelve hex digits. */
const RUN_ID = '[0-9a-f]{12}';

/** Media playlists and segments as the two builders above write them. */
export const isHlsPlaylistName = (name: string): boolean => /^[^/]+\/playlist\.m3u8$/.test(name);
export const isHlsSegmentName = (name: string): boolean => new RegExp(`^[^/]+/${RUN_ID}-\\d+\\.ts$`).test(name);

const FIXED_NAMES: readonly string[] = [
  HLS_NAMES.master,
  HLS_NAMES.poster,
  HLS_NAMES.storyboard,
  HLS_NAMES.storyboardVtt,
];

export const isHlsFixedName = (name: string): boolean => FIXED_NAMES.includes(name);

/** Whether a run can have written it: below a slug there may be what others put there, the source for one. */
export const isHlsName = (name: string): boolean =>
  isHlsFixedName(name) || isHlsPlaylistName(name) || isHlsSegmentName(name);
