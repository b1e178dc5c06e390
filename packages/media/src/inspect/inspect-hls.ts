import type { types } from 'hls-parser';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { createFindings, type Finding, type Findings } from './finding.ts';
import { inspectMedia, type RenditionAccount } from './inspect-media.ts';
import { loadFromDir, loadOrFind, type LoadFile } from './load-file.ts';
import { readPlaylist } from './read-playlist.ts';
import { stripQuery } from './segments.ts';
import { judgeAlignment, judgeVariant } from './variants.ts';

/** A stream to look at. */
export interface InspectedStream {
  /** A directory of the caller's, in which FFmpeg may work, with nothing but files in it. Nothing stays there. */
  cwd: string;
  /** The master playlist, or a media playlist. */
  playlist: string;
  /** Brings what a playlist names; default: from below `cwd`. */
  load?: LoadFile;
  signal: AbortSignal;
}

/**
 * Says what is wrong with an HLS stream, whoever made it: its playlists, each segment that they name, every picture in
 * them, and what the master says of them.
 * @returns nothing when all is well
 * @throws JobError WORKER_…, ENCODE_STALLED: when it could not be looked at; never for what the stream is.
 */
export async function inspectHls(tools: MediaTools, stream: InspectedStream): Promise<Finding[]> {
  const { cwd, playlist, load = loadFromDir(cwd), signal } = stream;
  const findings = createFindings();
  const inspection = { tools, cwd, load, signal, findings };
  const opened = await openPlaylist(inspection, playlist, '');
  if (!opened) return findings.list();
  if (isMaster(opened.playlist)) await inspectMaster(inspection, opened.playlist, opened);
  else await inspectMedia(tools, opened.playlist, { ...inspection, ...opened }, findings);
  return findings.list();
}

interface Inspection {
  tools: MediaTools;
  cwd: string;
  load: LoadFile;
  signal: AbortSignal;
  findings: Findings;
}

interface OpenedPlaylist {
  playlist: types.MasterPlaylist | types.MediaPlaylist;
  where: string;
  address: string;
}

function isMaster(playlist: OpenedPlaylist['playlist']): playlist is types.MasterPlaylist {
  return playlist.isMasterPlaylist;
}

async function openPlaylist(
  { cwd, load, signal, findings }: Inspection,
  uri: string,
  from: string,
): Promise<OpenedPlaylist | undefined> {
  const where = stripQuery(uri);
  const file = await loadOrFind(load(uri, from), where, findings, signal);
  if (!file) return undefined;
  const own = createFindings();
  const playlist = await readPlaylist({ cwd, fileName: file.fileName }, where, own);
  for (const finding of own.list()) findings.add(finding);
  await file.release?.();
  return playlist && { playlist, where, address: file.address };
}

async function inspectMaster(
  inspection: Inspection,
  { variants }: types.MasterPlaylist,
  { where, address }: Omit<OpenedPlaylist, 'playlist'>,
): Promise<void> {
  const { findings } = inspection;
  const played = variants.filter(({ isIFrameOnly }) => !isIFrameOnly);
  if (played.length === 0) {
    findings.add({ verdict: 'wrong', code: 'no-variants', where, what: 'it names no variant' });
  }
  const seen = new Map<string, RenditionAccount | undefined>();
  const inspectOnce = async (uri: string): Promise<RenditionAccount | undefined> => {
    if (!seen.has(uri)) seen.set(uri, await inspectRendition(inspection, uri, address));
    return seen.get(uri);
  };
  const accounts: RenditionAccount[] = [];
  for (const variant of played) {
    const account = await inspectOnce(variant.uri);
    const sounds = variant.audio.map(({ uri }) => uri).filter((uri) => uri !== undefined);
    for (const uri of sounds) await inspectOnce(uri);
    if (!account) continue;
    accounts.push(account);
    judgeVariant(variant, account, sounds.length > 0, findings);
  }
  for (const account of accounts.slice(1)) judgeAlignment(accounts[0]!, account, findings);
}

async function inspectRendition(
  inspection: Inspection,
  uri: string,
  from: string,
): Promise<RenditionAccount | undefined> {
  const { tools, findings } = inspection;
  const opened = await openPlaylist(inspection, uri, from);
  if (!opened) return undefined;
  const { playlist, ...place } = opened;
  if (!isMaster(playlist)) return inspectMedia(tools, playlist, { ...inspection, ...place }, findings);
  const what = 'it is a master playlist, where segments should be';
  findings.add({ verdict: 'wrong', code: 'master-in-master', where: place.where, what });
  return undefined;
}
