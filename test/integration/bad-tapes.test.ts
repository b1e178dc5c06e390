import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { encodePng } from '../../scripts/sample/png.ts';
import { encodeZip } from '../../scripts/sample/zip.ts';
import { breakPixels } from '../support/break-pixels.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    env: { MAX_SOURCE_BYTES: '2000000', MAX_FRAME_PIXELS: '1000000', MAX_ARCHIVE_ENTRIES: '100' },
  });
});
afterAll(() => stack.stop());

const row = (entry: object) => JSON.stringify([{ filename: 'frame-00000.png', duration: 50 }, entry]);
const withTiming = async (entry: object) => (await buildTape({ durationsMs: [50, 50], timing: row(entry) })).zip;
const withFrame = async (content: Buffer) =>
  (await buildTape({ durationsMs: [50, 50], change: (files) => files.set('frame-00001.png', content) })).zip;
const ok = encodePng(8, 8, () => [0, 0, 0, 255]);

/** A byte of a frame, flipped: the ZIP is fine, its content is not what the checksum says. */
async function corruptData(): Promise<Buffer> {
  const { zip } = await buildTape({ durationsMs: [50] });
  const at = zip.indexOf('IDAT');
  zip[at + 20]! ^= 0xff;
  return zip;
}

function lieAboutSize(): Buffer {
  const png = encodePng(8, 8, () => [0, 0, 0, 255]);
  png.writeUInt32BE(16_000, 16);
  return png;
}

/** A byte of the pixels was lost on the way: the archive is whole, the picture is not. */
function breakChecksum(): Buffer {
  const png = Buffer.from(ok);
  png[png.indexOf('IDAT') + 6]! ^= 0xff;
  return png;
}

const BAD_TAPES: Record<string, { code: string; source: () => Promise<Buffer>; says?: string }> = {
  'is no ZIP': { code: 'ARCHIVE_INVALID', source: async () => Buffer.from('<html>not found</html>') },
  'is cut off': { code: 'ARCHIVE_INVALID', source: async () => (await buildTape()).zip.subarray(0, 2000) },
  'has no frames': {
    code: 'ARCHIVE_EMPTY',
    source: async () => encodeZip(new Map([['readme.txt', Buffer.from('hi')]])),
  },
  'has a frame that is no PNG': {
    code: 'ARCHIVE_FRAME_INVALID',
    source: () => withFrame(Buffer.from('this is not a picture at all')),
    says: 'frame-00001.png',
  },
  'has an empty frame': { code: 'ARCHIVE_FRAME_INVALID', source: () => withFrame(Buffer.alloc(0)) },
  'has a PNG whose header was changed': { code: 'ARCHIVE_FRAME_INVALID', source: () => withFrame(lieAboutSize()) },
  'has a PNG that is cut off': { code: 'ARCHIVE_FRAME_INVALID', source: () => withFrame(ok.subarray(0, 60)) },
  'has a PNG with a wrong checksum': {
    code: 'ARCHIVE_FRAME_INVALID',
    source: () => withFrame(breakChecksum()),
    says: 'IDAT',
  },
  'has a PNG with broken pixels': { code: 'MEDIA_UNDECODABLE', source: () => withFrame(breakPixels(ok)) },
  'has a frame of too many pixels': {
    code: 'MEDIA_FRAME_TOO_LARGE',
    source: () => withFrame(encodePng(1001, 1000, () => [0, 0, 0, 255])),
  },
  'fails its checksum': { code: 'ARCHIVE_CORRUPT', source: corruptData },
  'has too many entries': {
    code: 'ARCHIVE_TOO_MANY_ENTRIES',
    source: async () => encodeZip(new Map(Array.from({ length: 101 }, (_, n) => [`frame-${n}.png`, ok]))),
  },
  'has names that differ in case only': {
    code: 'ARCHIVE_ENTRY_REFUSED',
    source: async () =>
      encodeZip(
        new Map([
          ['frame-0.png', ok],
          ['FRAME-0.PNG', ok],
        ]),
      ),
  },
  'is larger than accepted': { code: 'SOURCE_TOO_LARGE', source: async () => Buffer.alloc(2_000_001) },
  'has no bytes': { code: 'SOURCE_EMPTY', source: async () => Buffer.alloc(0) },
  'names a frame that is not there': {
    code: 'ARCHIVE_FRAME_MISSING',
    source: () => withTiming({ filename: '../../etc/passwd', duration: 5 }),
    says: 'entry 1',
  },
  'has a negative duration': {
    code: 'ARCHIVE_TIMING_INVALID',
    source: () => withTiming({ frame: 1, duration: -1 }),
    says: 'entry 1',
  },
  'has a duration of years': {
    code: 'ARCHIVE_TIMING_INVALID',
    source: () => withTiming({ frame: 1, duration: 1e12 }),
    says: 'entry 1',
  },
  'has a duration that is null': {
    code: 'ARCHIVE_TIMING_INVALID',
    source: () => withTiming({ frame: 1, duration: null }),
    says: 'entry 1',
  },
  'is longer than accepted': {
    code: 'MEDIA_TOO_LONG',
    source: async () => (await buildTape({ durationsMs: Array<number>(5).fill(3_599_000) })).zip,
  },
  'has a soundtrack that is no sound': {
    code: 'ARCHIVE_AUDIO_INVALID',
    source: async () =>
      (await buildTape({ change: (files) => files.set('soundtrack.wav', Buffer.from('RIFFnope')) })).zip,
  },
};

test.each(Object.entries(BAD_TAPES))(
  'a tape that %s fails with its code and leaves nothing',
  async (name, { code, source, says }) => {
    const zipUrl = stack.source.serve(`/${name}.zip`, await source());
    const { body } = await stack.post(stack.tapeRequest(zipUrl));
    const job = await stack.finished(body.jobId);
    expect(job).toMatchObject({ status: 'failed', output: null, error: { code } });
    if (says) expect(job.error!.message).toContain(says);
    const [callback] = await stack.receiver.waitFor(body.jobId);
    expect(callback).toMatchObject({ verified: true, event: { status: 'error', code, error: job.error!.message } });
    expect(callback!.body).not.toContain(stack.workDir);
    const [root] = await readdir(stack.workDir);
    expect(await readdir(`${stack.workDir}/${root}`)).toEqual(['alive']);
    expect(await fetch(`${stack.url}/storage/tapes/${job.slug}.mp4`)).toMatchObject({ status: 404 });
  },
);

test('a bad tape is not tried again, a source that may come back is', async () => {
  const bad = await stack.post(stack.tapeRequest(stack.source.serve('/bad.zip', Buffer.from('no'))));
  expect(await stack.finished(bad.body.jobId)).toMatchObject({ attempt: 1 });
  const down = stack.source.serve('/down.zip', (_request, response) => response.writeHead(500).end());
  const unlucky = await stack.post(stack.tapeRequest(down));
  expect(await stack.finished(unlucky.body.jobId)).toMatchObject({
    attempt: 3,
    error: { code: 'SOURCE_UNAVAILABLE', retryable: true },
  });
});
