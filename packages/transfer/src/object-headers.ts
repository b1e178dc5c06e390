/** How an object presents itself; decided by its name alone, so that every store says the same. */
export interface ObjectHeaders {
  contentType: string;
  cacheControl: string | undefined;
}

const YEAR_SEC = 31_536_000;

const BY_EXTENSION: Record<string, ObjectHeaders> = {
  '.mp4': { contentType: 'video/mp4', cacheControl: undefined },
  '.m3u8': { contentType: 'application/vnd.apple.mpegurl', cacheControl: 'max-age=3600' },
  // Segment names are unique to the run that made them, so immutable is true.
  '.ts': { contentType: 'video/mp2t', cacheControl: `max-age=${YEAR_SEC}, immutable` },
  // Of the seek bar; it is replaced together with its sprite.
  '.vtt': { contentType: 'text/vtt; charset=utf-8', cacheControl: 'max-age=3600' },
  '.jpg': { contentType: 'image/jpeg', cacheControl: `max-age=${YEAR_SEC}` },
};

export function objectHeaders(key: string): ObjectHeaders {
  const extension = /\.[^./]+$/.exec(key)?.[0].toLowerCase() ?? '';
  return BY_EXTENSION[extension] ?? { contentType: 'application/octet-stream', cacheControl: undefined };
}
