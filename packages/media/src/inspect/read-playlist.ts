import { join } from 'node:path';
import { parse, setOptions, type types } from 'hls-parser';
import { readWrittenText } from '../ffmpeg/written-files.ts';
import type { Findings } from './finding.ts';

export type Playlist = types.MasterPlaylist | types.MediaPlaylist;

/**
 * Reads a playlist as players do, who forgive much, and says where RFC 8216 does not.
 * @returns undefined where nothing can be made of it
 */
export async function readPlaylist(path: { cwd: string; fileName: string }, where: string, findings: Findings) {
  const text = await readWrittenText(join(path.cwd, path.fileName));
  const add = (code: string, what: string, advice?: string): void =>
    findings.add({ verdict: 'wrong', code, where, what, ...(advice && { advice }) });
  if (!text.startsWith('#EXTM3U')) {
    const head = JSON.stringify(text.slice(0, 16));
    add('no-extm3u', text === '' ? 'it is empty' : `it does not begin with #EXTM3U, but with ${head}`);
    if (!text.includes('#EXT')) return undefined;
  }
  judgeTags(text, add);
  const playlist = parseLeniently(text);
  if (!playlist) add('not-a-playlist', 'nothing can be made of it');
  else if (!findings.isWrong()) judgeStrictly(text, add);
  return playlist;
}

type Add = (code: string, what: string, advice?: string) => void;

/** What is forgotten most often, in words of our own: the parser's name the rule alone. */
function judgeTags(text: string, add: Add): void {
  const isMaster = text.includes('#EXT-X-STREAM-INF');
  const hasFractions = /^#EXTINF:\d+\.\d/m.test(text);
  if (!text.includes('#EXT-X-VERSION') && hasFractions) {
    add(
      'no-version',
      'it has durations with fractions and no #EXT-X-VERSION',
      'Add #EXT-X-VERSION:3, or what it uses.',
    );
  }
  if (isMaster) return;
  if (!text.includes('#EXT-X-TARGETDURATION')) {
    add('no-target-duration', 'it has no #EXT-X-TARGETDURATION', 'Add it: the longest segment, rounded.');
  }
  if (!text.includes('#EXT-X-ENDLIST')) {
    const advice = 'Add it when the recording is whole; whoever wrote the playlist was perhaps ended too early.';
    add('no-endlist', 'it has no #EXT-X-ENDLIST: players take it for a live stream and ask for more', advice);
  }
}

function parseLeniently(text: string): Playlist | undefined {
  try {
    setOptions({ strictMode: false, silent: true });
    return parse(text);
  } catch {
    return undefined;
  }
}

/** Only where nothing else was found: it stops at the first thing. */
function judgeStrictly(text: string, add: Add): void {
  try {
    setOptions({ strictMode: true });
    parse(text);
  } catch (error) {
    const rule = error instanceof Error ? error.message.replace(/^Invalid Playlist : /, '') : String(error);
    add('not-by-rfc-8216', `it is not as RFC 8216 wants it: ${rule}`);
  }
}
