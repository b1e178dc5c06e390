import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, setOptions, type types } from 'hls-parser';
import type { Probe } from '../ffmpeg/probe.ts';
import { readWrittenText } from '../ffmpeg/written-files.ts';
import { expect } from './expect.ts';
import type { ExpectedRendition, Location } from './hls-expected.ts';
import { findStream } from './hls-streams.ts';

const MAX_SEGMENT_SEC = 10.5;

export async function readMaster(location: Location): Promise<types.MasterPlaylist> {
  const playlist = await readPlaylist(location, location.masterName);
  expect(isMaster(playlist), location.masterName, 'variants', 'segments');
  return playlist;
}

export async function readMedia(location: Location, name: string): Promise<types.MediaPlaylist> {
  const playlist = await readPlaylist(location, name);
  expect(!isMaster(playlist), name, 'segments', 'variants');
  return playlist;
}

function isMaster(playlist: types.MasterPlaylist | types.MediaPlaylist): playlist is types.MasterPlaylist {
  return playlist.isMasterPlaylist;
}

async function readPlaylist({ cwd }: Location, name: string): Promise<types.MasterPlaylist | types.MediaPlaylist> {
  const text = await readWrittenText(join(cwd, name));
  try {
    // Otherwise it prints what is wrong and goes on.
    setOptions({ strictMode: true });
    const playlist = parse(text);
    expect(playlist.version !== undefined, `${name}: EXT-X-VERSION`, 'a version', 'none');
    return playlist;
  } catch (error) {
    expect(false, name, 'a playlist by RFC 8216', error instanceof Error ? error.message : error);
  }
}

/** RFC 8216, 4.3.3 and 4.3.5.1: a whole, ended recording whose segments each stand alone. */
export function assertVod(playlist: types.MediaPlaylist, name: string): void {
  const { playlistType, endlist, independentSegments, targetDuration, segments, source = '' } = playlist;
  expect(playlistType === 'VOD', `${name}: EXT-X-PLAYLIST-TYPE`, 'VOD', playlistType);
  expect(endlist, `${name}: EXT-X-ENDLIST`, 'the end', 'none');
  // The library looks for it in some places only.
  const areIndependent = independentSegments || source.includes('#EXT-X-INDEPENDENT-SEGMENTS');
  expect(areIndependent, name, 'independent segments', 'none');
  expect(segments.length > 0, `${name}: segments`, 'at least one', 0);
  const longestSec = Math.max(...segments.map(({ duration }) => duration));
  expect(Math.round(longestSec) <= targetDuration, `${name}: EXT-X-TARGETDURATION`, longestSec, targetDuration);
  expect(longestSec <= MAX_SEGMENT_SEC, `${name}: longest segment`, `at most ${MAX_SEGMENT_SEC} s`, longestSec);
}

const TS_PACKET_BYTES = 188;
const TS_SYNC = 0x47;

/** Every segment listed is there and is a transport stream; none is there that is not listed. @returns their sizes */
export async function measureSegments(dir: string, { segments }: types.MediaPlaylist): Promise<number[]> {
  const listed = segments.map(({ uri }) => uri);
  const present = (await readdir(dir)).filter((name) => name.endsWith('.ts'));
  expect(new Set(listed).size === present.length, 'segment files', listed.length, present.length);
  return Promise.all(
    listed.map(async (uri) => {
      expect(present.includes(uri), 'segment', 'a file beside its playlist', uri);
      const path = join(dir, uri);
      const { size } = await stat(path).catch(() => ({ size: 0 }));
      expect(size > 0 && size % TS_PACKET_BYTES === 0, `${uri}: size`, 'whole transport packets', size);
      expect((await readFirstByte(path)) === TS_SYNC, uri, 'a transport stream', 'something else');
      return size;
    }),
  );
}

async function readFirstByte(path: string): Promise<number | undefined> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 0);
    return buffer[0];
  } finally {
    await file.close();
  }
}

/** The master's line against the stream that it leads to. */
export function assertVariant(
  variant: types.Variant,
  { name, picture }: ExpectedRendition,
  probe: Probe,
  { segments, targetDuration }: types.MediaPlaylist,
  sizes: readonly number[],
): void {
  const video = findStream(probe, 'video');
  const profile = video?.profile === 'Main' ? '4d' : '64';
  const level = (video?.level ?? 0).toString(16).padStart(2, '0');
  const wanted = [video && `avc1.${profile}..${level}`, findStream(probe, 'audio') && 'mp4a.40.2'];
  const codecs = wanted.filter((codec) => codec !== undefined).join(',');
  expect(new RegExp(`^${codecs}$`, 'i').test(variant.codecs ?? ''), `${name}: CODECS`, codecs, variant.codecs);
  const resolution = variant.resolution && `${variant.resolution.width}x${variant.resolution.height}`;
  const expectedResolution = picture && `${picture.width}x${picture.height}`;
  expect(resolution === expectedResolution, `${name}: RESOLUTION`, expectedResolution, resolution);
  const rateIsRight = picture === undefined || Math.abs((variant.frameRate ?? 0) - picture.framesPerSec) < 0.001;
  expect(rateIsRight, `${name}: FRAME-RATE`, picture?.framesPerSec, variant.frameRate);

  const bits = sizes.map((bytes) => bytes * 8);
  const totalSec = sum(segments.map(({ duration }) => duration));
  const average = sum(bits) / totalSec;
  // Alone: a segment of half the target duration or more is a run of its own (RFC 8216, 4.3.4.2).
  const singles = segments.map(({ duration }, index) => (duration >= targetDuration / 2 ? bits[index]! / duration : 0));
  const peak = Math.max(average, ...singles);
  expect(variant.bandwidth >= Math.floor(peak), `${name}: BANDWIDTH`, `at least ${peak}`, variant.bandwidth);
  const averageIsRight = Math.abs((variant.averageBandwidth ?? 0) - average) <= 1 + average * 0.001;
  expect(averageIsRight, `${name}: AVERAGE-BANDWIDTH`, average, variant.averageBandwidth);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
