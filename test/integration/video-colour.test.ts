import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { readRendition } from '../support/hls-check.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import {
  ALPHA_CARD,
  ALPHA_CODECS,
  COLOUR_SOURCES,
  convertVideo,
  createStudio,
  decodeStill,
  describeAlphaCard,
  findFaults,
  findHdrFaults,
  HDR_SOURCES,
  makeAlpha,
  makeHdr,
  readRenditions,
  TWO_RUNGS,
} from '../support/video-sources.ts';

let stack: Stack;
let temp: TempDir;
beforeAll(async () => {
  temp = await createTempDir('colours');
  stack = await startStack();
});
afterAll(async () => {
  await stack.stop();
  await temp.remove();
});

test.each(Object.entries(COLOUR_SOURCES))('colours are the same of video in %s', async (_name, source) => {
  const path = join(temp.dir, source.file);
  await source.make(path, createStudio(temp.dir));
  const renditions = await readRenditions(await convertVideo(stack, path));
  const faults = TWO_RUNGS.map(({ name, height }) => findFaults(renditions[name]!, source.expected, height));
  expect(faults).toEqual([[], []]);
});

describe('what is transparent is seen on black', () => {
  test.each(Object.entries(ALPHA_CODECS))('in %s', async (_name, { file, args }) => {
    const path = join(temp.dir, file);
    await makeAlpha(path, args);
    const { big } = await readRenditions(await convertVideo(stack, path));
    expect(big!.complaints).toBe('');
    for (const picture of [big!.pictures[0]!, big!.pictures.at(-1)!]) {
      expect(describeAlphaCard(picture)).toEqual(ALPHA_CARD);
    }
  });

  test('and the fixtures hide white there, which a decoder that knows no transparency shows', async () => {
    const path = join(temp.dir, 'control.webm');
    await makeAlpha(path, ALPHA_CODECS['VP9 in WebM']!.args);
    const { pictures } = await readRendition(path);
    expect(describeAlphaCard(pictures[0]!)).toMatchObject({ clear: 'white', topLeft: 'red' });
  });
});

describe.each(Object.entries(HDR_SOURCES))('%s', (_name, { kind, file, isVp9 }) => {
  test('becomes SDR whose black is black, whose white is bright and whose colours are full', async () => {
    const path = join(temp.dir, file);
    await makeHdr(path, kind, isVp9);
    const { output, variants, job, told } = await convertVideo(stack, path);
    const renditions = await readRenditions({ output, variants, job, told });
    for (const { complaints, video, pictures } of Object.values(renditions)) {
      expect(complaints).toBe('');
      expect(video).toMatchObject({
        ...{ pixelFormat: 'yuv420p', colour: 'bt709/bt709/bt709/tv', sideData: [] },
      });
      expect(findHdrFaults(pictures[0]!)).toEqual([]);
      expect(findHdrFaults(pictures.at(-1)!)).toEqual([]);
    }
    const poster = await decodeStill(Buffer.from(await (await fetch(output.posterUrl!)).arrayBuffer()));
    expect(findHdrFaults(poster)).toEqual([]);
  });

  test('fails this check if it is only read as SDR', async () => {
    const path = join(temp.dir, `control-${file}`);
    await makeHdr(path, kind, isVp9);
    const { video, pictures } = await readRendition(path);
    expect(video!.colour).toMatch(/^bt2020nc\/bt2020\/(?:smpte2084|arib-std-b67)\/tv$/);
    expect(findHdrFaults(pictures[0]!).join()).toMatch(/white is.*red of BT\.709 is/);
  });
});
