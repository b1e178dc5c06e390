import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appendFile, cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveLadder } from '@tapedeck/contracts';
import {
  buildHlsArgv,
  buildMasterPlaylist,
  buildMediaPlaylist,
  chooseRenditions,
  findMediaTools,
  measureRendition,
  planHlsEncode,
  probeSource,
  runFfmpeg,
  verifyHls,
  type MeasuredRendition,
  type MediaTools,
} from '@tapedeck/media';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** A right stream, made once; every test spoils a copy of it. */
let temp: TempDir;
let tools: MediaTools;
const signal = new AbortController().signal;
const DURATION_SEC = 24;
const ladder = resolveLadder([
  { name: 'big', height: 180 },
  { name: 'small', height: 90 },
]);

/** Writes the master anew, so that it is right about segments that were changed. */
let remeasure: (dir: string) => Promise<void>;

async function encode(dir: string, runId: string, durationSec = DURATION_SEC): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'source'), await buildSampleVideo({ width: 320, height: 180, durationSec }));
  const limits = { maxFramePixels: 1e6, maxDurationSec: 100 };
  const { source, guard } = await probeSource(tools, { fileName: 'source', cwd: dir, signal }, limits);
  const renditions = chooseRenditions(source.picture!.display, ladder);
  const needs = { picture: source.picture!, renditions, preset: ladder.preset, threads: 1, budgetBytes: undefined };
  const { settings } = planHlsEncode(needs);
  for (const { name } of renditions) await mkdir(join(dir, name));
  const args = buildHlsArgv({
    ...{ sourceName: 'source', guard, source, renditions, preset: ladder.preset, settings, decoderThreads: 1, runId },
    ...{ poster: undefined, storyboard: undefined },
  });
  await runFfmpeg(tools, { args, cwd: dir, signal, timeoutMs: 60_000 });
  const measure = (where: string): Promise<MeasuredRendition[]> =>
    Promise.all(renditions.map((rendition) => measureRendition(where, rendition, source)));
  remeasure = async (where) => writeFile(join(where, 'master.m3u8'), buildMasterPlaylist(await measure(where)));
  for (const { playlistName, segments } of await measure(dir)) {
    await writeFile(join(dir, playlistName), buildMediaPlaylist(segments));
  }
  await remeasure(dir);
}

beforeAll(async () => {
  temp = await createTempDir('verify-hls');
  tools = await findMediaTools({
    ...{ ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe' },
    ...{ workDir: temp.dir, memoryBytes: 1024 ** 3 },
  });
  await encode(join(temp.dir, 'right'), 'aaaaaaaaaaaa');
});
afterAll(() => temp.remove());

const picture = (width: number, height: number) => ({ width, height, framesPerSec: 30, matrix: 'smpte170m' });
const verify = (cwd: string) =>
  verifyHls(
    tools,
    { cwd, masterName: 'master.m3u8', signal },
    {
      durationSec: DURATION_SEC,
      hasSound: true,
      renditions: [
        { name: 'big', picture: picture(320, 180) },
        { name: 'small', picture: picture(160, 90) },
      ],
    },
  );

async function edit(path: string, from: string | RegExp, to: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${from} is not in ${path}`);
  await writeFile(path, changed);
}

const segmentOf = (dir: string, rendition: string, index: number): string =>
  join(dir, rendition, `aaaaaaaaaaaa-0000${index}.ts`);

/** A transport packet is 188 bytes; whole ones are cut off the front, so that the file still begins with a sync byte. */
async function cutFront(path: string, packets: number): Promise<void> {
  const content = await readFile(path);
  // The two tables stay: only the key frame goes.
  await writeFile(path, Buffer.concat([content.subarray(0, 3 * 188), content.subarray((3 + packets) * 188)]));
}

const SPOILED: Record<string, { says: string | RegExp; spoil: (dir: string) => Promise<void> }> = {
  'a segment is missing': { says: 'segment files', spoil: (dir) => rm(segmentOf(dir, 'small', 1)) },
  'a segment is empty': { says: 'whole transport packets', spoil: (dir) => truncate(segmentOf(dir, 'big', 1), 0) },
  'a segment is cut off': { says: 'whole transport packets', spoil: (dir) => truncate(segmentOf(dir, 'big', 1), 1000) },
  'a segment lost its second half': {
    says: /pictures|track|start/,
    spoil: (dir) => truncate(segmentOf(dir, 'big', 2), 188 * 60),
  },
  'a segment is something else': {
    says: 'a transport stream',
    spoil: (dir) => writeFile(segmentOf(dir, 'big', 1), Buffer.alloc(188 * 100, 'x')),
  },
  'a segment lost its key frame': {
    says: /key frame|start|pictures/,
    spoil: (dir) => cutFront(segmentOf(dir, 'big', 1), 40),
  },
  'a segment begins between two key frames': {
    says: 'to begin with a key frame',
    spoil: async (dir) => {
      const [first, second] = [segmentOf(dir, 'big', 0), segmentOf(dir, 'big', 1)];
      const content = await readFile(second);
      // Within the first of its five groups of pictures.
      const at = Math.floor(content.length / 188 / 10) * 188;
      await appendFile(first, content.subarray(0, at));
      await writeFile(second, content.subarray(at));
    },
  },
  'a segment is there that no playlist lists': {
    says: 'segment files',
    spoil: (dir) => cp(segmentOf(dir, 'big', 1), segmentOf(dir, 'big', 7)),
  },
  'two segments changed places': {
    says: /start|key frame|a packet after/,
    spoil: async (dir) => {
      const [one, two] = [segmentOf(dir, 'big', 0), segmentOf(dir, 'big', 1)];
      const [first, second] = [await readFile(one), await readFile(two)];
      await writeFile(one, second);
      await writeFile(two, first);
    },
  },
  'the playlist is empty': {
    says: 'a playlist by RFC 8216',
    spoil: (dir) => truncate(join(dir, 'big/playlist.m3u8'), 0),
  },
  'the playlist does not end': {
    says: 'ENDLIST',
    spoil: (dir) => edit(join(dir, 'big/playlist.m3u8'), '#EXT-X-ENDLIST\n', ''),
  },
  'the playlist is not VOD': {
    says: 'PLAYLIST-TYPE',
    spoil: (dir) => edit(join(dir, 'big/playlist.m3u8'), '#EXT-X-PLAYLIST-TYPE:VOD\n', ''),
  },
  'the playlist does not promise independent segments': {
    says: 'independent segments',
    spoil: (dir) => edit(join(dir, 'big/playlist.m3u8'), '#EXT-X-INDEPENDENT-SEGMENTS\n', ''),
  },
  'the target duration is too short': {
    says: /TARGETDURATION|RFC 8216/,
    spoil: (dir) => edit(join(dir, 'big/playlist.m3u8'), /TARGETDURATION:\d+/, 'TARGETDURATION:3'),
  },
  'a duration is wrong': {
    says: /start|duration/,
    spoil: (dir) => edit(join(dir, 'big/playlist.m3u8'), 'EXTINF:10.000000', 'EXTINF:9.000000'),
  },
  'the master leaves a rendition out': {
    says: 'variants',
    spoil: (dir) => edit(join(dir, 'master.m3u8'), /#EXT-X-STREAM-INF[^\n]*\nsmall\/playlist.m3u8\n/, ''),
  },
  'the master promises too little bandwidth': {
    says: 'BANDWIDTH',
    spoil: (dir) => edit(join(dir, 'master.m3u8'), /:BANDWIDTH=\d+/, ':BANDWIDTH=1000'),
  },
  'the master’s average is wrong': {
    says: 'AVERAGE-BANDWIDTH',
    spoil: (dir) => edit(join(dir, 'master.m3u8'), /AVERAGE-BANDWIDTH=\d+/, 'AVERAGE-BANDWIDTH=1000'),
  },
  'the master names another profile': {
    says: 'CODECS',
    spoil: (dir) => edit(join(dir, 'master.m3u8'), 'avc1.64', 'avc1.42'),
  },
  'the master names another size': {
    says: 'RESOLUTION',
    spoil: (dir) => edit(join(dir, 'master.m3u8'), 'RESOLUTION=320x180', 'RESOLUTION=640x360'),
  },
  'the master names another frame rate': {
    says: 'FRAME-RATE',
    spoil: (dir) => edit(join(dir, 'master.m3u8'), 'FRAME-RATE=30.000', 'FRAME-RATE=25.000'),
  },
  'the renditions are swapped': {
    says: 'size',
    spoil: async (dir) => {
      await edit(join(dir, 'master.m3u8'), 'big/playlist.m3u8', 'x/playlist.m3u8');
      await edit(join(dir, 'master.m3u8'), 'small/playlist.m3u8', 'big/playlist.m3u8');
      await edit(join(dir, 'master.m3u8'), 'x/playlist.m3u8', 'small/playlist.m3u8');
    },
  },
  'a rendition is half a second behind the other': {
    says: 'small: start of segment 0',
    spoil: async (dir) => {
      for (const index of [0, 1, 2]) {
        const path = segmentOf(dir, 'small', index);
        const shift = ['-c', 'copy', '-copyts', '-muxdelay', '0', '-output_ts_offset', '0.5', '-f', 'mpegts'];
        const { status } = spawnSync('ffmpeg', ['-v', 'error', '-i', path, ...shift, `${path}.new`]);
        if (status !== 0) throw new Error('the shift failed');
        await rename(`${path}.new`, path);
      }
      await remeasure(dir);
    },
  },
  'all of it is shorter than the source': {
    says: /duration|track/,
    spoil: async (dir) => {
      await rm(dir, { recursive: true });
      await encode(dir, 'aaaaaaaaaaaa', 20);
    },
  },
};

test('a stream as it should be passes', async () => {
  expect(await verify(join(temp.dir, 'right'))).toEqual({ durationSec: expect.closeTo(DURATION_SEC, 1) });
  const [first, second, third] = (await readdir(join(temp.dir, 'right/big'))).filter((name) => name.endsWith('.ts'));
  expect([first, second, third]).toEqual(['aaaaaaaaaaaa-00000.ts', 'aaaaaaaaaaaa-00001.ts', 'aaaaaaaaaaaa-00002.ts']);
});

test.each(Object.entries(SPOILED))('a stream is refused when %s', async (name, { says, spoil }) => {
  const dir = join(temp.dir, name.replaceAll(/\W+/g, '-'));
  await cp(join(temp.dir, 'right'), dir, { recursive: true });
  await spoil(dir);
  await expect(verify(dir)).rejects.toMatchObject({
    code: 'ENCODE_OUTPUT_INVALID',
    message: says instanceof RegExp ? expect.stringMatching(says) : expect.stringContaining(says),
  });
});
