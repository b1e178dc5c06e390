import { dirname } from 'node:path/posix';
import { HLS_NAMES, isHlsPlaylistName } from '@tapedeck/contracts';
import { buildHlsKey } from './object-key.ts';
import type { ObjectStore } from './object-store.ts';

/** Every URI that a playlist names: its lines that are neither tags nor comments (RFC 8216, 4.1). */
export function parsePlaylistUris(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

const MAX_PLAYLIST_BYTES = 16 * 1024 * 1024;

/** Names below the slug that the published master leads to: media playlists and their segments. */
export async function findPublishedNames(
  store: ObjectStore,
  { bucket, slug }: { bucket: string; slug: string },
  signal: AbortSignal,
): Promise<Set<string>> {
  const readUris = async (name: string): Promise<string[]> => {
    const content = await store.read(bucket, buildHlsKey(slug, name), MAX_PLAYLIST_BYTES, signal);
    return content ? parsePlaylistUris(content.toString('utf8')) : [];
  };
  // A master that is not ours may lead anywhere.
  const playlists = (await readUris(HLS_NAMES.master)).filter(isHlsPlaylistName);
  const named = new Set(playlists);
  for (const playlist of playlists) {
    for (const uri of await readUris(playlist)) named.add(`${dirname(playlist)}/${uri}`);
  }
  return named;
}
