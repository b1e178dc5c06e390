import { appendFile, readFile, writeFile } from 'node:fs/promises';
import {
  AAC,
  beepAt,
  BT601,
  encodeCards,
  ffmpeg,
  filtered,
  inColour,
  tone,
  VP8,
  X264_IN_ORDER,
  type CardClip,
} from './clip.ts';
import { everyPicture, PLAIN, repacked, type Expected, type TimedPicture, type VideoSource } from './source.ts';

const atRate = (fps: string, count: number): VideoSource['make'] => {
  return (path) => encodeCards({ fps, count, path });
};

const ofRate = (fps: number, count: number): Expected => ({ ...PLAIN, fps, pictures: everyPicture(count, fps) });

/** Hundredths of a second: the number of a card is its time. */
const JITTER = [0, 3, 7, 10, 13, 17, 21, 23, 26, 33, 37, 40, 43, 46, 50, 60, 63, 67, 70, 74, 76, 80, 83, 87, 90];
const PHONE_TICKS = [...JITTER, ...JITTER.map((tick) => tick + 94)];
const SCREEN_TICKS = [0, 4, 8, 12, 16, 85, 89, 93, 97, 101, 102, 150, 154, 190];

const selected = (ticks: readonly number[]): string => `select=${ticks.map((tick) => `eq(n\\,${tick})`).join('+')}`;

/** The cards of these hundredths out of a clip of a hundred pictures a second, at the times they had there. */
function picked(ticks: readonly number[], clip: Partial<CardClip> = {}) {
  const output = ['-fps_mode', 'passthrough', '-enc_time_base:v', '1:1000'];
  const colour = filtered(selected(ticks));
  return (path: string): Promise<void> => encodeCards({ fps: '100', count: 200, path, output, colour, ...clip });
}

const ofTicks = (ticks: readonly number[]): TimedPicture[] =>
  ticks.map((number) => ({ number, startSec: number / 100 }));

const irregular = (ticks: readonly number[]): Expected => ({ ...PLAIN, fps: undefined, pictures: ofTicks(ticks) });

const VP8_AND_OPUS = {
  video: [...VP8, '-g', '60'],
  audio: ['-c:a', 'libopus'],
};

/** What Chrome's MediaRecorder makes: written to a pipe, so that nothing can be filled in afterwards. */
async function recordLive(path: string): Promise<void> {
  const file = `${path}.whole.webm`;
  const colour = inColour('smpte170m', 'yuv420p', 'tv', selected(PHONE_TICKS));
  await picked(PHONE_TICKS, { colour, ...VP8_AND_OPUS })(file);
  await writeFile(path, await ffmpeg(['-i', file, '-c', 'copy', '-f', 'webm', 'pipe:1']));
}

/** The first part of a transport stream is not there: it begins between two key frames. */
async function joinLate(path: string, studio: { plain(): Promise<string> }): Promise<void> {
  const whole = `${path}.whole.ts`;
  await ffmpeg(['-i', await studio.plain(), '-c', 'copy', '-muxdelay', '0', '-muxpreload', '0', whole]);
  await ffmpeg(['-i', whole, '-ss', '0.3', '-c', 'copy', '-copyinkf', path]);
}

/** Two recordings, one file after the other as they are: all time stamps begin anew. */
async function joinTwo(path: string, studio: { plain(): Promise<string> }): Promise<void> {
  const one = `${path}.one.ts`;
  await ffmpeg(['-i', await studio.plain(), '-c', 'copy', one]);
  await writeFile(path, await readFile(one));
  await appendFile(path, await readFile(one));
}

/** A call whose camera changes its size in the middle. */
async function changeSize(path: string): Promise<void> {
  const [first, second] = [`${path}.1.mkv`, `${path}.2.mkv`];
  const half = { count: 30, inputs: [], audio: [], video: X264_IN_ORDER };
  await encodeCards({ ...half, path: first });
  await encodeCards({ ...half, width: 160, height: 90, path: second });
  const list = `${path}.txt`;
  await writeFile(list, `ffconcat version 1.0\nfile '${first}'\nduration 1\nfile '${second}'\n`);
  const joined = ['-f', 'concat', '-safe', '0', '-i', list, ...beepAt(1, 2), '-map', '0:v', '-map', '1:a'];
  await ffmpeg([...joined, '-c:v', 'copy', ...AAC, path]);
}

/** Sound and picture of two inputs, their packets moved by seconds. */
const shifted = (videoSec: number, audioSec: number, sound: readonly string[]): VideoSource['make'] => {
  return async (path, studio) => {
    const sounded = `${path}.sound.mka`;
    await ffmpeg([...sound, '-ac', '2', ...AAC, sounded]);
    const video = ['-itsoffset', String(videoSec), '-i', await studio.plain()];
    const audio = ['-itsoffset', String(audioSec), '-i', sounded];
    await ffmpeg([...video, ...audio, '-map', '0:v', '-map', '1:a', '-c', 'copy', path]);
  };
};

const LATE_VIDEO: Expected = {
  ...PLAIN,
  durationSec: 3,
  pictures: [{ number: 0, startSec: 0 }, ...everyPicture(60, 30, 1).slice(1)],
  sound: { beepSecs: [2] },
};

/** All packets of half a second of sound are lost; what follows keeps its time. */
async function loseSound(path: string, studio: { plain(): Promise<string> }): Promise<void> {
  const lost = 'noise=drop=between(n\\,20\\,42)';
  await ffmpeg(['-i', await studio.plain(), '-c', 'copy', '-bsf:a', lost, path]);
}

const trimmed = (fromSec: number): Expected => ({
  ...PLAIN,
  durationSec: 2 - fromSec,
  pictures: everyPicture(60, 30, -fromSec).filter(({ startSec }) => startSec > -0.001),
  sound: { beepSecs: [1 - fromSec] },
});

/** Rates, and times that are not what a simple file says. */
export const TIMING_SOURCES: Record<string, VideoSource> = {
  'at 23.976 fps': { file: '24.mp4', make: atRate('24000/1001', 48), expected: ofRate(24000 / 1001, 48) },
  'at 50 fps': { file: '50.mp4', make: atRate('50', 100), expected: ofRate(50, 100) },
  'at 60 fps': { file: '60.mp4', make: atRate('60', 120), expected: ofRate(60, 120) },
  'at 120 fps': { file: '120.mp4', make: atRate('120', 240), expected: { ...ofRate(120, 240), fps: 60 } },
  // Below ten pictures a second players and their buffers behave oddly: each is repeated.
  'at 5 fps': { file: '5.mp4', make: atRate('5', 10), expected: { ...ofRate(5, 10), fps: 10 } },
  'of a phone, whose rate varies': { file: 'phone.mp4', make: picked(PHONE_TICKS), expected: irregular(PHONE_TICKS) },
  'of a screen, which often stands still': {
    file: 'screen.mkv',
    make: picked(SCREEN_TICKS),
    expected: irregular(SCREEN_TICKS),
  },
  'of MediaRecorder, without a duration': {
    file: 'recorder.webm',
    make: recordLive,
    expected: irregular(PHONE_TICKS),
  },
  'in Matroska': { file: 'plain.mkv', make: repacked([]), expected: PLAIN },
  'in a fragmented MP4': {
    file: 'fragmented.mp4',
    make: repacked(['-movflags', 'frag_keyframe+empty_moov+default_base_moof']),
    expected: { ...PLAIN, leadSec: 2 / 30 },
  },
  'in a transport stream': { file: 'plain.ts', make: repacked([]), expected: PLAIN },
  'in a transport stream that begins after an hour': {
    file: 'hour.ts',
    make: repacked(['-output_ts_offset', '3600']),
    expected: PLAIN,
  },
  'in a transport stream whose clock overflows in the middle': {
    file: 'overflow.ts',
    make: repacked(['-output_ts_offset', String(2 ** 33 / 90_000 - 1 - 1.4)]),
    expected: PLAIN,
  },
  'as a bare H.264 stream without time stamps': {
    file: 'bare.h264',
    make: repacked(['-an', '-bsf:v', 'h264_mp4toannexb', '-f', 'h264']),
    expected: { ...PLAIN, sound: 'none' },
  },
  'with negative composition offsets': {
    file: 'negative.mp4',
    make: repacked(['-movflags', 'negative_cts_offsets']),
    expected: PLAIN,
  },
  'with negative time stamps': {
    file: 'negative.webm',
    make: (path) =>
      encodeCards({
        ...{ path, colour: BT601, ...VP8_AND_OPUS },
        output: ['-avoid_negative_ts', 'disabled', '-output_ts_offset', '-0.4'],
      }),
    expected: PLAIN,
  },
  'whose edit list trims its start between key frames': {
    file: 'edited.mp4',
    make: repacked([], ['-ss', '0.8']),
    expected: trimmed(0.8),
  },
  'whose video begins a second late (edit list)': {
    file: 'late.mp4',
    make: shifted(1, 0, beepAt(2, 3)),
    expected: LATE_VIDEO,
  },
  'whose video begins a second late (transport stream)': {
    file: 'late.ts',
    make: shifted(1, 0, beepAt(2, 3)),
    expected: LATE_VIDEO,
  },
  'whose video begins a second late (Matroska)': {
    file: 'late.mkv',
    make: shifted(1, 0, beepAt(2, 3)),
    expected: LATE_VIDEO,
  },
  'whose sound begins half a second late (edit list)': {
    file: 'late-sound.mp4',
    make: shifted(0, 0.5, beepAt(0.5, 1.5)),
    expected: PLAIN,
  },
  'whose sound begins half a second late (Matroska)': {
    file: 'late-sound.mkv',
    make: shifted(0, 0.5, beepAt(0.5, 1.5)),
    expected: PLAIN,
  },
  'whose sound ends a second before its picture': {
    file: 'short-sound.mp4',
    make: shifted(0, 0, beepAt(0.5, 1)),
    expected: { ...PLAIN, sound: { beepSecs: [0.5] } },
  },
  'whose picture ends a second before its sound': {
    file: 'short-picture.mp4',
    make: shifted(0, 0, beepAt(2.5, 3)),
    expected: { ...PLAIN, durationSec: 3, sound: { beepSecs: [2.5] } },
  },
  'that lost half a second of its sound': { file: 'lost-sound.mkv', make: loseSound, expected: PLAIN },
  'that begins between two key frames': {
    file: 'joined-late.ts',
    make: joinLate,
    // Its first key frame comes after 0.367 s, as picture 20; until then that one is held.
    expected: {
      ...PLAIN,
      durationSec: 1.7,
      pictures: [{ number: 20, startSec: 0 }, ...everyPicture(60, 30, -0.3).slice(21)],
      sound: { beepSecs: [0.7] },
    },
  },
  'of two transport streams, one after the other': {
    file: 'two.ts',
    make: joinTwo,
    expected: {
      ...PLAIN,
      durationSec: 4,
      pictures: [...everyPicture(60, 30), ...everyPicture(60, 30, 2)],
      sound: { beepSecs: [1, 3] },
    },
  },
  'that changes its size in the middle': {
    file: 'resized.mkv',
    make: changeSize,
    expected: { ...PLAIN, pictures: [...everyPicture(30, 30), ...everyPicture(30, 30, 1)] },
  },
  'of a third of a second': {
    file: 'short.mp4',
    make: (path) => encodeCards({ count: 9, inputs: beepAt(0.1, 0.3), path }),
    expected: { ...PLAIN, durationSec: 0.3, pictures: everyPicture(9, 30), sound: { beepSecs: [0.1] } },
  },
  'of one picture': {
    file: 'one.mp4',
    make: (path) => encodeCards({ count: 1, inputs: [], audio: [], path }),
    expected: { ...PLAIN, durationSec: 1 / 30, fps: undefined, pictures: everyPicture(1, 30), sound: 'none' },
  },
  'of one picture and three seconds of sound': {
    file: 'one-sound.mp4',
    make: (path) => encodeCards({ count: 1, inputs: tone(440, 3), path }),
    expected: { ...PLAIN, durationSec: 3, fps: undefined, pictures: everyPicture(1, 30), sound: { hz: 440 } },
  },
};
