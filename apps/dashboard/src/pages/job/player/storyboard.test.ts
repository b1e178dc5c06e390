import { expect, test } from '@jest/globals';
import { findCue, parseStoryboard } from './storyboard.ts';

const URL_OF_IT = 'https://tapedeck.example.com/admin/media/hls_1/storyboard.vtt';
const VTT = `WEBVTT

00:00:00.000 --> 00:00:01.000
storyboard.jpg#xywh=0,0,160,90

a name of the cue
01:00:01.500 --> 01:00:02.000 align:start
storyboard.jpg#xywh=160,90,160,90
`;

test('the cues of a storyboard, with their sprite beside the file', () => {
  const spriteUrl = 'https://tapedeck.example.com/admin/media/hls_1/storyboard.jpg';
  expect(parseStoryboard(VTT, URL_OF_IT)).toEqual([
    { startSec: 0, endSec: 1, spriteUrl, x: 0, y: 0, width: 160, height: 90 },
    { startSec: 3601.5, endSec: 3602, spriteUrl, x: 160, y: 90, width: 160, height: 90 },
  ]);
  expect(parseStoryboard(VTT.replaceAll('\n', '\r\n'), URL_OF_IT)).toHaveLength(2);
  expect(parseStoryboard('WEBVTT\n\n01:02.500 --> 01:03.000\na.jpg#xywh=pixel:0,0,1,1', URL_OF_IT)[0]?.startSec).toBe(
    62.5,
  );
});

test.each([
  ['no storyboard at all', '<html>\n\nno</html>'],
  ['a subtitle', 'WEBVTT\n\n00:00.000 --> 00:01.000\nHello'],
  ['a place that is no number', 'WEBVTT\n\n00:00.000 --> 00:01.000\na.jpg#xywh=0,0,wide,90'],
  ['a place that is not whole', 'WEBVTT\n\n00:00.000 --> 00:01.000\na.jpg#xywh=0,0,90'],
  ['a time that is none', 'WEBVTT\n\nnow --> then\na.jpg#xywh=0,0,160,90'],
  ['a time without a picture', 'WEBVTT\n\n00:00.000 --> 00:01.000'],
])('%s has no pictures', (_, vtt) => {
  expect(parseStoryboard(vtt, URL_OF_IT)).toEqual([]);
});

test('a file without an end makes a list with one', () => {
  const cue = '00:00.000 --> 00:01.000\na.jpg#xywh=0,0,160,90\n\n';
  expect(parseStoryboard(`WEBVTT\n\n${cue.repeat(5_000)}`, URL_OF_IT)).toHaveLength(1_000);
});

test('every moment has the picture that began last', () => {
  const cues = parseStoryboard(VTT, URL_OF_IT);
  expect(findCue(cues, 0.5)).toBe(cues[0]);
  expect(findCue(cues, 100)).toBe(cues[0]);
  expect(findCue(cues, 9_999)).toBe(cues[1]);
  expect(findCue([], 1)).toBeUndefined();
});
