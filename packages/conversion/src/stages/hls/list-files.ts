import { dirname } from 'node:path/posix';
import { HLS_NAMES } from '@tapedeck/contracts';
import type { HlsArtifacts } from './encode.ts';

/** A stream's segments, by their names in the workspace. No other run has these names. */
export function listSegments({ renditions }: HlsArtifacts): string[] {
  return renditions.flatMap(({ playlistName, segments }) =>
    segments.map(({ uri }) => `${dirname(playlistName)}/${uri}`),
  );
}

/** What keeps its name from run to run, in the order in which it may become public: whatever leads to others comes after them. */
export function listNamed({ renditions, poster, storyboardNames }: HlsArtifacts): string[] {
  const playlists = renditions.map(({ playlistName }) => playlistName);
  return [...playlists, ...(poster ? [poster.name] : []), ...storyboardNames, HLS_NAMES.master];
}
