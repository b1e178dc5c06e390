import { expect, test } from '@jest/globals';
import { buildStoryboardVtt, choosePoster, measureStills, planPoster, planStoryboard, STATS_SIDE } from './stills.ts';

const needs = (durationSec: number, fps = 30) => ({
  size: { width: 1920, height: 1080 },
  frameRate: { numerator: fps, denominator: 1 },
  durationSec,
  frameCount: Math.max(1, Math.round(durationSec * fps)),
});

const plain = (value: number): number[] => Array<number>(STATS_SIDE * STATS_SIDE).fill(value);
const lively = (): number[] => plain(0).map((_, index) => 60 + (index % 7) * 20);
const statsOf = (...pictures: number[][]) => measureStills(Uint8Array.from(pictures.flat()));

test('the poster is the frame at ten per cent, within 1280x720', () => {
  const plan = planPoster(needs(20));
  expect(plan).toMatchObject({ width: 1280, height: 720 });
  expect(plan.preference[0]).toBe(60);
  const all = plan.candidates.map(() => lively());
  expect(plan.candidates[choosePoster(plan, statsOf(...all))]).toBe(60);
});

test.each([
  { what: 'black', picture: plain(16) },
  { what: 'white', picture: plain(235) },
  { what: 'grey all over', picture: plain(120) },
])('a frame that is $what is passed over for the next best', ({ picture }) => {
  const plan = planPoster(needs(20));
  const all = plan.candidates.map((frame) => (frame === plan.preference[0] ? picture : lively()));
  expect(plan.candidates[choosePoster(plan, statsOf(...all))]).toBe(plan.preference[1]);
});

test('where nothing shows anything, the liveliest is taken', () => {
  const plan = planPoster(needs(20));
  const dim = plain(16).map((value, index) => value + (index % 5));
  const all = plan.candidates.map((_, place) => (place === 3 ? dim : plain(16)));
  expect(choosePoster(plan, statsOf(...all))).toBe(3);
});

test('a video of one frame has one candidate', () => {
  const plan = planPoster(needs(1 / 30));
  expect(plan.candidates).toEqual([0]);
  expect(choosePoster(plan, statsOf(plain(16)))).toBe(0);
});

test('a storyboard has a picture a second, and never more than a hundred', () => {
  expect(planStoryboard(needs(12))).toMatchObject({ count: 12, columns: 10, rows: 2, everyFrames: 30 });
  expect(planStoryboard(needs(3600))).toMatchObject({ count: 100, rows: 10, tile: { width: 160, height: 90 } });
  expect(planStoryboard(needs(0.1))).toMatchObject({ count: 1, columns: 1, rows: 1 });
});

test('the cues cover the whole video, each with its place in the sprite', () => {
  const vtt = buildStoryboardVtt(planStoryboard(needs(11.5)), 'storyboard.jpg', 11.5);
  expect(vtt.startsWith('WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nstoryboard.jpg#xywh=0,0,160,90\n')).toBe(true);
  expect(vtt.endsWith('00:00:11.000 --> 00:00:11.500\nstoryboard.jpg#xywh=160,90,160,90\n')).toBe(true);
});
