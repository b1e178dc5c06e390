import { expect, test } from '@jest/globals';
import { UPRIGHT } from './orientation.ts';
import { buildHlsArgv, type HlsEncode } from './hls-argv.ts';
import { BT709 } from './colour.ts';

const encode: HlsEncode = {
  sourceName: 'source.bin',
  guard: { formats: ['mov'], codecs: ['h264'] },
  source: {
    picture: {
      ...{ index: 0, display: { width: 640, height: 360 }, decoded: { width: 640, height: 360 }, orientation: UPRIGHT },
      ...{ bytesPerPixel: 1.5, codec: 'h264', referenceFrames: 4, frameRate: { numerator: 30, denominator: 1 } },
      ...{ isInterlaced: false, hasAlpha: false, decoder: undefined, startSec: 0, endSec: 10, guessDelayFrames: 0 },
      colour: { kind: 'sdr', source: BT709, range: 'tv', peakNits: 1000 },
    },
    sound: { index: 1, isMixable: true, endSec: 10 },
    cover: undefined,
    durationSec: 10,
  },
  renditions: [
    { name: 'big', width: 640, height: 360, crf: 28, bitrateKbps: 900, audioKbps: 96 },
    { name: 'small', width: 320, height: 180, crf: 28, bitrateKbps: 300, audioKbps: 96 },
  ],
  preset: 'veryfast',
  settings: { lookahead: 10, references: 1, bFrames: 3, threads: 2, slicedThreads: false },
  decoderThreads: 2,
  runId: 'aaaaaaaaaaaa',
  poster: { width: 640, height: 360, candidates: [30, 60], preference: [30, 60] },
  storyboard: { tile: { width: 160, height: 90 }, columns: 10, rows: 1, count: 10, everyFrames: 30, intervalSec: 1 },
};

/** What each graph is left with: the pads that it writes and does not read. */
function outputsOfGraphs(args: readonly string[]): string[][] {
  const graphs = args.filter((_, index) => args[index - 1] === '-filter_complex');
  return graphs.map((graph) => {
    const pads = [...graph.matchAll(/\[([a-z]\w*)\]/g)].map(([, pad]) => pad!);
    return [...new Set(pads)].filter((pad) => pads.filter((other) => other === pad).length === 1);
  });
}

// FFmpeg 7 keeps in memory what one output of a graph has until the slowest has something: the whole recording.
test('outputs of different paces have graphs of their own', () => {
  expect(outputsOfGraphs(buildHlsArgv(encode))).toEqual([
    ['v0', 'v1'],
    ['poster', 'stats'],
    ['storyboard'],
    ['a0', 'a1'],
  ]);
});

test('what is not there has no graph', () => {
  const silent = {
    ...encode,
    source: { ...encode.source, sound: undefined },
    poster: undefined,
    storyboard: undefined,
  };
  expect(outputsOfGraphs(buildHlsArgv(silent))).toEqual([['v0', 'v1']]);
});
