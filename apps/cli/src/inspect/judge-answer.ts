import { extname } from 'node:path/posix';
import type { Finding } from '@tapedeck/media';

/** A page that plays results and is nobody's. */
export const FOREIGN_ORIGIN = 'https://player.example';

export interface HttpAnswer {
  statusCode: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

const TYPES: Readonly<Record<string, readonly string[]>> = {
  '.m3u8': ['application/vnd.apple.mpegurl', 'application/x-mpegurl', 'audio/mpegurl', 'audio/x-mpegurl'],
  '.ts': ['video/mp2t'],
  '.mp4': ['video/mp4'],
  '.m4s': ['video/mp4', 'audio/mp4', 'video/iso.segment'],
};

/** What the headers of a file would make a browser do. @param name without query */
export function judgeAnswer(name: string, { statusCode, headers }: HttpAnswer): Finding[] {
  if (statusCode >= 300) return [];
  return [judgeType(name, headers), judgeOrigin(name, headers), judgeRanges(name, headers)].filter(
    (finding) => finding !== undefined,
  );
}

function judgeType(where: string, headers: HttpAnswer['headers']): Finding | undefined {
  const wanted = TYPES[extname(where).toLowerCase()];
  const type = String(headers['content-type'] ?? 'nothing');
  if (!wanted || wanted.includes(type.replace(/;.*$/s, '').trim().toLowerCase())) return undefined;
  const what = `its Content-Type is ${type}, and players expect ${wanted[0]}`;
  const advice = 'Have the store or the server send it: some players refuse others.';
  return { verdict: 'hint', code: 'content-type', where, what, advice };
}

function judgeOrigin(where: string, headers: HttpAnswer['headers']): Finding | undefined {
  const allowed = headers['access-control-allow-origin'];
  if (allowed === '*' || allowed === FOREIGN_ORIGIN) return undefined;
  const what = 'it may be fetched by pages of its own site only: no Access-Control-Allow-Origin for others';
  const advice = 'npm run tapedeck -- doctor --fix gives a bucket the rule; a CDN needs one of its own.';
  return { verdict: 'hint', code: 'cors', where, what, advice };
}

/** Segments are fetched whole. */
function judgeRanges(where: string, headers: HttpAnswer['headers']): Finding | undefined {
  if (extname(where).toLowerCase() !== '.mp4' || headers['accept-ranges'] === 'bytes') return undefined;
  const what = 'its server says nothing of ranges (Accept-Ranges): Safari does not play it, and nobody can seek';
  return { verdict: 'hint', code: 'no-ranges', where, what, advice: 'Have the store or the server offer them.' };
}
