/** What the stream was meant to be. */
export interface ExpectedHls {
  durationSec: number;
  /** The largest first, as in the master playlist. */
  renditions: readonly ExpectedRendition[];
  hasSound: boolean;
}

export interface ExpectedRendition {
  name: string;
  /** undefined for sound alone. */
  picture: { width: number; height: number; framesPerSec: number; matrix: string } | undefined;
}

/** Where the stream lies: names in playlists are relative to `cwd`. */
export interface Location {
  masterName: string;
  cwd: string;
  signal: AbortSignal;
}
