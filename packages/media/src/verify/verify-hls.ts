import { dirname, join } from 'node:path';
import { JobError } from '@tapedeck/contracts';
import type { types } from 'hls-parser';
import { probeFile } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { expect } from './expect.ts';
import type { ExpectedHls, ExpectedRendition, Location } from './hls-expected.ts';
import { assertTimes, readPackets } from './hls-packets.ts';
import { assertVariant, assertVod, measureSegments, readMaster, readMedia } from './hls-playlists.ts';
import { assertStreams, STREAM_GUARD } from './hls-streams.ts';

export interface VerifiedHls {
  durationSec: number;
}

/**
 * Nothing of a stream is published before it passed. Written apart from what makes the playlists: `hls-parser` reads
 * them, ffprobe reads every packet that they lead to, and the two accounts must agree with each other and with the plan.
 * @throws JobError ENCODE_OUTPUT_INVALID naming what was expected and what is there
 */
export async function verifyHls(tools: MediaTools, location: Location, expected: ExpectedHls): Promise<VerifiedHls> {
  const { variants, independentSegments } = await readMaster(location);
  expect(independentSegments, 'master playlist', 'EXT-X-INDEPENDENT-SEGMENTS', 'none');
  expect(variants.length === expected.renditions.length, 'variants', expected.renditions.length, variants.length);

  const accounts: RenditionAccount[] = [];
  for (const [index, rendition] of expected.renditions.entries()) {
    const account = await verifyRendition(tools, location, variants[index]!, rendition, expected);
    accounts.push(account);
  }
  for (const account of accounts.slice(1)) assertAligned(accounts[0]!, account);
  return { durationSec: accounts[0]!.durationSec };
}

interface RenditionAccount {
  name: string;
  durationSec: number;
  /** Presentation time of each segment's first picture, or of its first sound. */
  segmentStartsSec: readonly number[];
}

async function verifyRendition(
  tools: MediaTools,
  location: Location,
  variant: types.Variant,
  rendition: ExpectedRendition,
  expected: ExpectedHls,
): Promise<RenditionAccount> {
  const { cwd, signal } = location;
  const playlist = await readMedia(location, variant.uri);
  assertVod(playlist, variant.uri);
  const sizes = await measureSegments(join(cwd, dirname(variant.uri)), playlist);
  const probe = await orUnreadable(variant.uri, signal, () =>
    probeFile(tools, { fileName: variant.uri, cwd, guard: STREAM_GUARD, signal }),
  );
  assertStreams(probe, rendition, expected.hasSound);
  const packets = await orUnreadable(variant.uri, signal, () =>
    readPackets(tools, location, variant.uri, sizes, probe),
  );
  const durationSec = assertTimes(packets, playlist, rendition, expected);
  assertVariant(variant, rendition, probe, playlist, sizes);
  return {
    name: rendition.name,
    durationSec,
    segmentStartsSec: packets.segments.map(({ startSec }) => startSec),
  };
}

/** What we made ourselves and cannot read is our fault, not the source's. */
async function orUnreadable<T>(name: string, signal: AbortSignal, read: () => Promise<T>): Promise<T> {
  return read().catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new JobError('ENCODE_OUTPUT_INVALID', `${name} cannot be read back`, { cause });
  });
}

const ALIGNED_SEC = 0.001;

/** A player that changes the rendition at a segment's border finds the next picture there. */
function assertAligned(first: RenditionAccount, other: RenditionAccount): void {
  const [expected, got] = [first.segmentStartsSec, other.segmentStartsSec];
  expect(expected.length === got.length, `${other.name}: segments`, expected.length, got.length);
  for (const [index, startSec] of expected.entries()) {
    const isAligned = Math.abs(startSec - got[index]!) <= ALIGNED_SEC;
    expect(
      isAligned,
      `${other.name}: start of segment ${index}`,
      `${startSec} s as in ${first.name}`,
      `${got[index]} s`,
    );
  }
}
