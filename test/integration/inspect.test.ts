import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyFile, cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findMediaTools, inspectHls, inspectMp4, type Finding, type MediaTools } from '@tapedeck/media';
import { loadConfig } from '../../apps/cli/src/config.ts';
import { inspectTarget } from '../../apps/cli/src/inspect/inspect-target.ts';
import { poll } from '../support/poll.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { startSourceServer, type Handler, type SourceServer } from '../support/source-server.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);

/** A right MP4 and a right stream, made once; every test spoils a copy of it. */
let temp: TempDir;
let tools: MediaTools;
let server: SourceServer;
const signal = new AbortController().signal;

const SECONDS = 6;
const INPUTS = [
  ...['-f', 'lavfi', '-i', `testsrc2=size=160x90:rate=30:duration=${SECONDS}`],
  ...['-f', 'lavfi', '-i', `sine=duration=${SECONDS}`],
];
/** B-frames, and a key frame every two seconds. */
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '60', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
const FAST_START = ['-movflags', '+faststart'];

const ffmpeg = (...args: string[]) => run('ffmpeg', ['-v', 'error', '-y', ...args], { cwd: temp.dir });

async function encodeStream(name: string, size: string): Promise<void> {
  await mkdir(join(temp.dir, 'right', name), { recursive: true });
  const segments = ['-hls_segment_filename', `right/${name}/seg%d.ts`, `right/${name}/playlist.m3u8`];
  await ffmpeg(...INPUTS, '-s', size, ...H264, '-f', 'hls', '-hls_time', '2', '-hls_playlist_type', 'vod', ...segments);
}

const MASTER = [
  '#EXTM3U\n#EXT-X-VERSION:3',
  '#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS="avc1.64000b,mp4a.40.2",RESOLUTION=160x90\nbig/playlist.m3u8',
  '#EXT-X-STREAM-INF:BANDWIDTH=600000,CODECS="avc1.64000a,mp4a.40.2",RESOLUTION=80x44\nsmall/playlist.m3u8\n',
].join('\n');

beforeAll(async () => {
  [temp, server] = await Promise.all([createTempDir('inspect'), startSourceServer()]);
  await Promise.all([
    ffmpeg(...INPUTS, ...H264, ...FAST_START, 'right.mp4'),
    encodeStream('big', '160x90'),
    encodeStream('small', '80x44'),
  ]);
  await writeFile(join(temp.dir, 'right', 'master.m3u8'), MASTER);
  const where = { workDir: temp.dir, memoryBytes: 1024 ** 3, searchPath: process.env.PATH };
  tools = await findMediaTools({ ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', ...where });
});
afterAll(() => Promise.all([temp.remove(), server.stop()]));

/** Each test has a directory of its own. */
async function inDir<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const own = await createTempDir('inspect-one');
  try {
    return await work(own.dir);
  } finally {
    await own.remove();
  }
}

const codesOf = (findings: readonly Finding[]) => findings.map(({ verdict, code }) => `${verdict} ${code}`);

async function flipBytes(path: string, from: number, count: number): Promise<void> {
  const content = await readFile(path);
  const at = Math.round(content.length * from);
  for (let index = at; index < at + count; index += 1) content[index]! ^= 0x5a;
  await writeFile(path, content);
}

describe('an MP4', () => {
  const SPOILED: Record<string, { codes: string[]; says: RegExp; spoil: (path: string) => Promise<unknown> }> = {
    'of 26 bytes': {
      codes: ['wrong too-small'],
      says: /^it has 26 bytes: too few for a single picture$/,
      spoil: (path) => truncate(path, 26),
    },
    'that is cut off': {
      codes: ['wrong cut-off', 'wrong ends-early'],
      says: /^it is cut off: its box mdat says \d+ bytes, \d+ of them are missing$/,
      spoil: (path) => truncate(path, 30_000),
    },
    'without its index': {
      codes: ['wrong cut-off', 'wrong no-moov'],
      says: /^it has no index \(moov\)/,
      spoil: async (path) => {
        await ffmpeg('-i', 'right.mp4', '-c', 'copy', path);
        await truncate(path, 60_000);
      },
    },
    'whose index comes last': {
      codes: ['hint moov-at-end'],
      says: /^its index \(moov\) comes last/,
      spoil: (path) => ffmpeg('-i', 'right.mp4', '-c', 'copy', path),
    },
    'of a codec that browsers do not play': {
      codes: ['wrong video-codec'],
      says: /^its video is mpeg4, which browsers do not play$/,
      spoil: (path) => ffmpeg('-i', 'right.mp4', '-c:v', 'mpeg4', '-c:a', 'copy', ...FAST_START, path),
    },
    'of a codec that some browsers play': {
      codes: ['hint video-codec'],
      says: /hevc/,
      spoil: (path) =>
        ffmpeg('-i', 'right.mp4', '-c:v', 'libx265', '-x265-params', 'log-level=error', ...FAST_START, path),
    },
    'whose pixels phones do not play': {
      codes: ['wrong pixel-format'],
      says: /yuv444p/,
      spoil: (path) => ffmpeg('-i', 'right.mp4', '-pix_fmt', 'yuv444p', ...FAST_START, path),
    },
    'with a picture of H.264 level 6': {
      codes: ['hint high-level'],
      says: /^H\.264 level 6\.0/,
      spoil: (path) =>
        ffmpeg('-i', 'right.mp4', '-c:v', 'copy', '-bsf:v', 'h264_metadata=level=6', ...FAST_START, path),
    },
    'of sound alone': {
      codes: ['wrong no-picture'],
      says: /^it has sound and no picture$/,
      spoil: (path) => ffmpeg('-i', 'right.mp4', '-vn', '-c', 'copy', ...FAST_START, path),
    },
    'whose sound ends long before its picture': {
      codes: ['hint tracks-apart'],
      says: /^its picture ends at 6\.0 s, its sound at 2\.\d s$/,
      spoil: (path) => ffmpeg('-i', 'right.mp4', '-af', 'atrim=end=2', '-c:v', 'copy', ...FAST_START, path),
    },
    'that is a web page': {
      codes: ['wrong not-an-mp4'],
      says: /^it is no MP4: it begins with "<!DOCTYPE html>/,
      spoil: (path) => writeFile(path, `<!DOCTYPE html>${'<p>Not found</p>'.repeat(100)}`),
    },
    'with something behind its end': {
      codes: ['wrong trailing-bytes'],
      says: /^5 bytes at its end/,
      spoil: async (path) => writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(5)])),
    },
  };

  test('that is right has no finding, and nothing is left beside it', () =>
    inDir(async (cwd) => {
      await copyFile(join(temp.dir, 'right.mp4'), join(cwd, 'a.mp4'));
      expect(await inspectMp4(tools, { cwd, fileName: 'a.mp4', signal })).toEqual([]);
      expect(await readdir(cwd)).toEqual(['a.mp4']);
    }));

  test.each(Object.entries(SPOILED))('%s', (_what, { codes, says, spoil }) =>
    inDir(async (cwd) => {
      await copyFile(join(temp.dir, 'right.mp4'), join(cwd, 'a.mp4'));
      await spoil(join(cwd, 'a.mp4'));
      const findings = await inspectMp4(tools, { cwd, fileName: 'a.mp4', signal });
      // What is cut off may end within a frame.
      expect(codesOf(findings).filter((code) => code !== 'wrong frames-lost')).toEqual(codes);
      expect(findings.map(({ what }) => what)).toContainEqual(expect.stringMatching(says));
    }),
  );

  test('with flipped bytes in its media has errors, and their time', () =>
    inDir(async (cwd) => {
      await copyFile(join(temp.dir, 'right.mp4'), join(cwd, 'a.mp4'));
      await flipBytes(join(cwd, 'a.mp4'), 0.6, 2_000);
      const findings = await inspectMp4(tools, { cwd, fileName: 'a.mp4', signal });
      const found = findings.find(({ code }) => code === 'decode-errors');
      expect(found).toMatchObject({ verdict: 'wrong', what: expect.stringMatching(/the first at about \d\.\d s: \[/) });
      // The test card takes about as many bytes in each second.
      expect(found!.atSec).toBeGreaterThan(2);
      expect(found!.atSec).toBeLessThan(5);
    }));
});

async function edit(path: string, from: string | RegExp, to: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${from} is not in ${path}`);
  await writeFile(path, changed);
}

const big = (dir: string, name = 'playlist.m3u8') => join(dir, 'big', name);

interface Spoiled {
  codes: string[];
  where: string;
  says: RegExp;
  spoil: (dir: string) => Promise<unknown>;
}
const STREAMS: Record<string, Spoiled> = {
  'with a missing segment': {
    codes: ['wrong missing'],
    where: 'seg1.ts',
    says: /^it cannot be had: there is no such file$/,
    spoil: (dir) => rm(big(dir, 'seg1.ts')),
  },
  'with an empty segment': {
    codes: ['wrong empty'],
    where: 'seg1.ts',
    says: /^it is empty$/,
    spoil: (dir) => truncate(big(dir, 'seg1.ts'), 0),
  },
  'with a segment that is something else': {
    codes: ['wrong not-a-segment'],
    where: 'seg1.ts',
    says: /^it is no transport stream$/,
    spoil: (dir) => writeFile(big(dir, 'seg1.ts'), 'x'.repeat(1_880)),
  },
  'with a segment that is cut off': {
    codes: ['wrong not-a-segment'],
    where: 'seg2.ts',
    says: /^it is cut off: 1000 bytes/,
    spoil: (dir) => truncate(big(dir, 'seg2.ts'), 1_000),
  },
  'with a segment that lost a packet': {
    codes: ['wrong packets-lost'],
    where: 'seg1.ts',
    says: /^0 of its transport packets are damaged, and 1 times some are missing$/,
    spoil: async (dir) => {
      const content = await readFile(big(dir, 'seg1.ts'));
      await writeFile(big(dir, 'seg1.ts'), Buffer.concat([content.subarray(0, 188 * 40), content.subarray(188 * 41)]));
    },
  },
  'with a wrong EXTINF': {
    codes: ['wrong wrong-extinf'],
    where: 'seg1.ts',
    says: /^EXTINF says 1\.2 s, and it lasts 2\.00 s$/,
    spoil: (dir) => edit(big(dir), '2.000000,\nseg1', '1.200000,\nseg1'),
  },
  'with a segment longer than its target': {
    codes: ['wrong longer-than-target'],
    where: 'seg0.ts',
    says: /EXT-X-TARGETDURATION of 1 s$/,
    spoil: (dir) => edit(big(dir), 'TARGETDURATION:2', 'TARGETDURATION:1'),
  },
  'without its end': {
    codes: ['wrong no-endlist'],
    where: 'big/playlist.m3u8',
    says: /no #EXT-X-ENDLIST/,
    spoil: (dir) => edit(big(dir), '#EXT-X-ENDLIST\n', ''),
  },
  'without its first line': {
    codes: ['wrong no-extm3u'],
    where: 'big/playlist.m3u8',
    says: /does not begin with #EXTM3U/,
    spoil: (dir) => edit(big(dir), '#EXTM3U\n', ''),
  },
  'without its target duration': {
    codes: ['wrong no-target-duration'],
    where: 'big/playlist.m3u8',
    says: /no #EXT-X-TARGETDURATION/,
    spoil: (dir) => edit(big(dir), /#EXT-X-TARGETDURATION:\d\n/, ''),
  },
  'with the segments of another': {
    codes: ['wrong not-continuous'],
    where: 'seg2.ts',
    says: /^it begins 2\.\d\d s before the end of the segment before it, without EXT-X-DISCONTINUITY$/,
    spoil: (dir) => copyFile(big(dir, 'seg1.ts'), big(dir, 'seg2.ts')),
  },
  'whose master promises too little': {
    codes: ['wrong bandwidth-too-low'],
    where: 'big/playlist.m3u8',
    says: /BANDWIDTH=9000, and it needs \d+/,
    spoil: (dir) => edit(join(dir, 'master.m3u8'), 'BANDWIDTH=900000', 'BANDWIDTH=9000'),
  },
  'whose master names another codec': {
    codes: ['wrong wrong-codecs'],
    where: 'big/playlist.m3u8',
    says: /CODECS="avc1\.42001e,mp4a\.40\.2", and its picture is H\.264 High/,
    spoil: (dir) => edit(join(dir, 'master.m3u8'), 'avc1.64000b', 'avc1.42001e'),
  },
  'whose master names another size': {
    codes: ['wrong wrong-resolution'],
    where: 'big/playlist.m3u8',
    says: /RESOLUTION=320x180, and its picture is 160x90$/,
    spoil: (dir) => edit(join(dir, 'master.m3u8'), '160x90', '320x180'),
  },
  'whose renditions are of different length': {
    codes: ['wrong renditions-differ'],
    where: 'small/playlist.m3u8',
    says: /^it lasts 2\.0 s, and big\/playlist\.m3u8 6\.0 s$/,
    spoil: (dir) => edit(join(dir, 'small', 'playlist.m3u8'), /#EXTINF:2\.0+,\nseg1[^]*seg2\.ts\n/, ''),
  },
  'that leads out of its directory': {
    codes: ['wrong missing'],
    where: '../../etc/hostname',
    says: /directory of the playlist/,
    spoil: (dir) => edit(big(dir), 'seg1.ts', '../../etc/hostname'),
  },
  'that names a file by its URL': {
    codes: ['wrong missing'],
    where: 'file:///etc/hostname',
    says: /directory of the playlist/,
    spoil: (dir) => edit(big(dir), 'seg1.ts', 'file:///etc/hostname'),
  },
};

describe('a stream', () => {
  const inStream = (work: (dir: string) => Promise<void>) =>
    inDir(async (dir) => {
      await cp(join(temp.dir, 'right'), dir, { recursive: true });
      await work(dir);
    });

  test('that is right has no finding, and nothing is left beside it', () =>
    inStream(async (cwd) => {
      expect(await inspectHls(tools, { cwd, playlist: 'master.m3u8', signal })).toEqual([]);
      expect(await readdir(join(cwd))).toEqual(['big', 'master.m3u8', 'small']);
    }));

  test.each(Object.entries(STREAMS))('%s', (what, { codes, where, says, spoil }) =>
    inStream(async (cwd) => {
      await spoil(cwd);
      const isOfMaster = /master|renditions/.test(what);
      const playlist = isOfMaster ? 'master.m3u8' : 'big/playlist.m3u8';
      const findings = await inspectHls(tools, { cwd, playlist, signal });
      expect(codesOf(findings)).toEqual(expect.arrayContaining(codes));
      expect(findings).toContainEqual(expect.objectContaining({ where, what: expect.stringMatching(says) }));
      // Whatever follows from it, nothing is said of what is right.
      expect(findings.filter(({ where: other }) => other.endsWith('seg0.ts') && where !== 'seg0.ts')).toEqual([]);
    }),
  );

  test('with a segment that does not begin with a key frame', () =>
    inStream(async (cwd) => {
      const source = ['-i', 'right/big/playlist.m3u8', '-c', 'copy', '-f', 'hls', '-hls_time', '1.5'];
      const flags = ['-hls_flags', 'split_by_time', '-hls_list_size', '0', '-hls_playlist_type', 'vod'];
      await ffmpeg(...source, ...flags, '-hls_segment_filename', join(cwd, 't%d.ts'), join(cwd, 'cut.m3u8'));
      const findings = await inspectHls(tools, { cwd, playlist: 'cut.m3u8', signal });
      expect(findings).toContainEqual(
        expect.objectContaining({ verdict: 'wrong', code: 'no-key-frame', where: 't1.ts' }),
      );
    }));

  test('with damaged bytes in a segment has lost packets', () =>
    inStream(async (cwd) => {
      await flipBytes(big(cwd, 'seg1.ts'), 0.3, 3_000);
      const findings = await inspectHls(tools, { cwd, playlist: 'big/playlist.m3u8', signal });
      expect(codesOf(findings)).toContain('wrong packets-lost');
    }));

  test('of fragmented MP4 has no finding', () =>
    inStream(async (cwd) => {
      const source = ['-i', 'right.mp4', '-c', 'copy', '-f', 'hls', '-hls_time', '2', '-hls_playlist_type', 'vod'];
      const names = ['-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', 'init.mp4'];
      await ffmpeg(...source, ...names, '-hls_segment_filename', join(cwd, 'f%d.m4s'), join(cwd, 'f.m3u8'));
      expect(await inspectHls(tools, { cwd, playlist: 'f.m3u8', signal })).toEqual([]);
    }));
});

describe('over HTTP', () => {
  const TYPES: Record<string, string> = {
    '.m3u8': 'application/vnd.apple.mpegurl',
    '.ts': 'video/mp2t',
    '.mp4': 'video/mp4',
  };
  /** As a store does for players everywhere. */
  const asStore =
    (path: string, changes: Record<string, string> = {}): Handler =>
    (_request, response) => {
      void readFile(path).then((content) => {
        const type = TYPES[/\.\w+$/.exec(path)![0]]!;
        const open = { 'access-control-allow-origin': '*', 'accept-ranges': 'bytes' };
        response.writeHead(200, { 'content-type': type, ...open, ...changes }).end(content);
      });
    };
  const inspectUrl = (url: string) =>
    inDir(async (workDir) => {
      const config = loadConfig({ WORK_DIR: workDir });
      const findings = await inspectTarget(url, { config, searchPath: process.env.PATH, signal });
      expect(await readdir(workDir)).toEqual([]);
      return findings;
    });
  const serveStream = async (below: string) => {
    const names = await readdir(join(temp.dir, 'right'), { recursive: true });
    for (const name of names.filter((file) => /\.\w+$/.test(file))) {
      server.serve(`/${below}/${name}`, asStore(join(temp.dir, 'right', name)));
    }
    return `${server.url}/${below}/master.m3u8`;
  };

  test('a right MP4 and a right stream have no finding', async () => {
    expect(await inspectUrl(server.serve('/right.mp4', asStore(join(temp.dir, 'right.mp4'))))).toEqual([]);
    expect(await inspectUrl(`${await serveStream('right')}?X-Amz-Signature=secret`)).toEqual([]);
  });

  test('what is not there is said with its status', async () => {
    expect(await inspectUrl(`${server.url}/none.mp4?secret=1`)).toEqual([
      { verdict: 'wrong', code: 'missing', where: 'none.mp4', what: 'it cannot be had: status 404' },
    ]);
  });

  test('a segment that is missing is said, and that others cannot be used is not', async () => {
    const url = await serveStream('gap');
    server.serve('/gap/big/seg1.ts', (_request, response) => void response.writeHead(403).end());
    const findings = await inspectUrl(url);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'missing', where: 'seg1.ts', what: 'it cannot be had: status 403' }),
    );
    expect(codesOf(findings)).toEqual(['wrong missing']);
  });

  test('headers that players stumble over are hints, once for each kind of file', async () => {
    const url = await serveStream('plain');
    for (const name of ['seg0.ts', 'seg1.ts', 'seg2.ts']) {
      const changes = { 'content-type': 'text/plain', 'access-control-allow-origin': 'https://somebody.example' };
      server.serve(`/plain/big/${name}`, asStore(big(join(temp.dir, 'right'), name), changes));
    }
    expect(codesOf(await inspectUrl(url))).toEqual(['hint content-type', 'hint cors']);
    const silent = server.serve('/silent.mp4', asStore(join(temp.dir, 'right.mp4'), { 'accept-ranges': 'none' }));
    expect(codesOf(await inspectUrl(silent))).toEqual(['hint no-ranges']);
  });

  test('a playlist leads to no file, and to no private address of others', async () => {
    const foreign = await startSourceServer();
    const target = foreign.serve('/secret.ts', Buffer.from('secret'));
    const lines = ['file:///etc/hostname', target].map((uri) => `#EXTINF:2.0,\n${uri}\n`);
    const text = `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n${lines.join('')}#EXT-X-ENDLIST\n`;
    const findings = await inspectUrl(server.serve('/evil.m3u8', Buffer.from(text)));
    await foreign.stop();
    expect(foreign.requests).toEqual([]);
    expect(findings.filter(({ code }) => code === 'missing')).toMatchObject([
      { what: 'it cannot be had: expected https, got file' },
      { what: 'it cannot be had: expected https, got http' },
    ]);
  });

  test('more bytes than are allowed are not taken', () =>
    inDir(async (workDir) => {
      const config = loadConfig({ WORK_DIR: workDir, MAX_SOURCE_BYTES: '1000' });
      const url = server.serve('/large.mp4', asStore(join(temp.dir, 'right.mp4')));
      const findings = await inspectTarget(url, { config, searchPath: process.env.PATH, signal });
      expect(findings).toMatchObject([{ what: expect.stringContaining('expected at most 1000 bytes') }]);
    }));
});

describe('tapedeck inspect', () => {
  const inspect = async (file: string, changes: Record<string, string> = {}, ...options: string[]) => {
    const env = { PATH: process.env.PATH!, WORK_DIR: temp.dir, ...changes };
    const { stdout, stderr, exitCode } = await runCli(['inspect', ...options, file], env);
    return { stdout, stderr, exitCode };
  };

  test('says it in words and by its exit code, of an MP4 and of a playlist', async () => {
    const bad = join(temp.dir, 'bad.mp4');
    await writeFile(bad, Buffer.alloc(26));
    expect(await inspect(bad)).toEqual({
      ...{ exitCode: 1, stderr: '' },
      stdout: expect.stringMatching(/^WRONG bad\.mp4: it has 26 bytes: .+\n {6}Whoever encoded it .+\n$/),
    });
    expect(await inspect(join(temp.dir, 'right', 'master.m3u8'))).toEqual({
      ...{ exitCode: 0, stderr: '', stdout: 'Nothing is wrong with it.\n' },
    });
  });

  test('says it in JSON; a hint alone is not wrong', async () => {
    await ffmpeg('-i', 'right.mp4', '-c', 'copy', 'slow.mp4');
    const { stdout, exitCode } = await inspect(join(temp.dir, 'slow.mp4'), {}, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, findings: [{ verdict: 'hint', code: 'moov-at-end' }] });
    expect(exitCode).toBe(0);
  });

  test('with a WORK_DIR that cannot be made says that nothing was looked at', async () => {
    const { stdout, stderr, exitCode } = await inspect(join(temp.dir, 'right.mp4'), { WORK_DIR: '/dev/null/none' });
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 4 });
    expect(stderr).toMatch(/^It was not looked at: ENOTDIR.+\/dev\/null\/none.+doctor.+\n$/);
  });

  test('that is stopped knows nothing, and leaves nothing behind', async () => {
    const workDir = join(temp.dir, 'stopped');
    const url = server.serve('/endless.mp4', (_request, response) => void response.writeHead(200).write('x'));
    const env = { PATH: process.env.PATH!, WORK_DIR: workDir, ALLOW_PRIVATE_NETWORK: 'true' };
    const running = startCli(['inspect', url], env);
    await poll('it to ask', () => (server.requests.includes('GET /endless.mp4') ? true : undefined));
    running.child.kill('SIGINT');
    const stopped = { stdout: '', stderr: 'interrupted\n', exitCode: 130 };
    expect(await running.ended).toMatchObject(stopped);
    expect(await readdir(workDir)).toEqual([]);
  });

  test('of an FFmpeg that is not there says that nothing was looked at', async () => {
    const config = loadConfig({ WORK_DIR: temp.dir, FFPROBE_PATH: '/no/ffprobe' });
    const looking = inspectTarget(join(temp.dir, 'right.mp4'), { config, searchPath: process.env.PATH, signal });
    await expect(looking).rejects.toThrow('FFPROBE_PATH: expected a program');
  });
});
