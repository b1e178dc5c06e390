import { constantRate, findOnsetSecs, toneLevel, type Rendition, type VideoFacts } from '../hls-check.ts';
import type { Expected, TimedPicture } from './source.ts';
import { describeCard, readNumber, UPRIGHT_CARD, type CardStyle } from './test-card.ts';

const SYNC_SEC = 0.05;
/** A sound is whole AAC frames, and the first may be the encoder's run-up. */
const SOUND_LENGTH_SEC = 0.1;
const STAMP_SEC = 0.002;
/** What an audio codec's run-up moves a whole file by. */
const START_SEC = 0.025;

/** What is wrong with a rendition of a source, in words. @param maxShortSide of the rung */
export function findFaults(
  rendition: Rendition,
  expected: Expected,
  maxShortSide: number,
  style: CardStyle = 'card',
): string[] {
  const { video, complaints } = rendition;
  if (!video) return ['has no picture'];
  return [
    ...(complaints === '' ? [] : [`decoder: ${complaints.slice(0, 500)}`]),
    ...findFormatFaults(video, expected, maxShortSide),
    ...findRateFaults(video, expected),
    ...findPlaylistFaults(rendition, expected),
    ...findTimeFaults(rendition, expected, style),
    ...(style === 'card' ? findCardFaults(rendition) : []),
    ...findSoundFaults(rendition, expected),
    ...findSyncFaults(rendition, expected, style),
  ];
}

function findFormatFaults(video: VideoFacts, expected: Expected, maxShortSide: number): string[] {
  const scale = Math.min(1, maxShortSide / Math.min(...expected.size));
  const [width, height] = [expected.size[0] * scale, expected.size[1] * scale];
  const isRightSize = Math.abs(video.size[0] - width) < 2 && Math.abs(video.size[1] - height) < 2;
  const isEven = video.size.every((side) => side % 2 === 0);
  return named({
    [`codec ${video.codec}`]: video.codec === 'h264',
    [`profile ${video.profile}`]: ['High', 'Main'].includes(video.profile),
    [`pixel format ${video.pixelFormat}`]: video.pixelFormat === 'yuv420p',
    [`size ${video.size.join('x')}, not ${width}x${height}`]: isRightSize,
    [`odd size ${video.size.join('x')}`]: isEven,
    [`pixels of ${video.pixelShape}`]: video.pixelShape === '1:1',
    [`colour tagged ${video.colour}`]: !video.colour.includes('unknown'),
    [`side data ${video.sideData.join(', ')}`]: video.sideData.length === 0,
    'interlaced pictures': !video.isInterlaced,
  });
}

/** The names of what does not hold. */
function named(claims: Record<string, boolean>): string[] {
  return Object.keys(claims).filter((name) => !claims[name]);
}

function findRateFaults(video: VideoFacts, expected: Expected): string[] {
  const { startSecs } = video;
  if (startSecs.length === 1 && expected.pictures.length === 1) return [];
  const rate = constantRate(startSecs);
  if (Number.isNaN(rate)) return ['no constant frame rate'];
  if (expected.pictures.length === 1) return [];
  if (expected.fps === undefined) return rate > 23 && rate < 60.1 ? [] : [`${rate.toFixed(2)} fps for a varying rate`];
  const isRight = Math.abs(rate - expected.fps) < 0.02;
  return isRight ? [] : [`${rate.toFixed(3)} fps, not ${expected.fps.toFixed(3)}`];
}

function pictureSec({ startSecs }: VideoFacts): number {
  return startSecs.length > 1 ? startSecs.at(-1)! / (startSecs.length - 1) : 1 / 30;
}

function findPlaylistFaults({ playlist, video }: Rendition, { durationSec }: Expected): string[] {
  if (playlist.segmentSecs.length === 0) return [];
  const totalSec = playlist.segmentSecs.reduce((sum, seconds) => sum + seconds, 0);
  let startSec = 0;
  const hasKey = playlist.segmentSecs.map((seconds) => {
    const at = startSec;
    startSec += seconds;
    return video!.keySecs.some((keySec) => Math.abs(keySec - at) < 0.05);
  });
  return named({
    [`segments of ${totalSec.toFixed(3)} s, not ${durationSec}`]: Math.abs(totalSec - durationSec) < 0.15,
    'playlist without an end': playlist.isComplete,
    'a segment longer than the target': playlist.segmentSecs.every(
      (seconds) => Math.round(seconds) <= playlist.targetSec,
    ),
    'a segment that begins without a key frame': hasKey.every(Boolean),
  });
}

function findTimeFaults({ video, pictures }: Rendition, expected: Expected, style: CardStyle): string[] {
  const { startSecs } = video!;
  if (pictures.length !== startSecs.length) return [`${pictures.length} pictures, ${startSecs.length} time stamps`];
  const frameSec = pictureSec(video!);
  const shown = pictures.map((picture, index) => ({ number: readNumber(picture, style), startSec: startSecs[index]! }));
  const lengthSec = shown.at(-1)!.startSec + frameSec;
  const lengthFault = `video of ${lengthSec.toFixed(3)} s, not ${expected.durationSec.toFixed(3)}`;
  const leadSec = expected.leadSec ?? 0;
  const isRightLength =
    Math.abs(lengthSec - expected.durationSec) <= Math.max(frameSec, SYNC_SEC) + leadSec + STAMP_SEC;
  const toleranceSec = frameSec + leadSec + START_SEC;
  return [
    ...(isRightLength ? [] : [lengthFault]),
    ...findMissing(shown, expected, frameSec, toleranceSec),
    ...findStray(shown, expected.pictures, toleranceSec),
    ...(expected.fps === undefined ? [] : findUnsteadiness(shown, expected, frameSec)),
  ];
}

type Shown = readonly TimedPicture[];
/** Farther away it is another picture of the same number. */
const NEAR_SEC = 0.5;

/** Where each run of equal pictures begins. */
const appearancesIn = (shown: Shown): TimedPicture[] =>
  shown.filter(({ number }, index) => number !== shown[index - 1]?.number);

/**
 * How much later than meant each picture appears, of those that do. The first is left out: it may have been held from
 * the start.
 */
function delaysSec(shown: Shown, wanted: Shown): number[] {
  const appearances = appearancesIn(shown).slice(1);
  return wanted.slice(1).flatMap(({ number, startSec }) => {
    const delays = appearances
      .filter((one) => one.number === number && Math.abs(one.startSec - startSec) < NEAR_SEC)
      .map((one) => one.startSec - startSec);
    return delays.length === 0 ? [] : [delays.reduce((best, one) => (Math.abs(one) < Math.abs(best) ? one : best))];
  });
}

/** A source with a rate of its own is shown as evenly as it was recorded, wherever its first picture falls. */
function findUnsteadiness(shown: Shown, { pictures, leadSec = 0 }: Expected, frameSec: number): string[] {
  const delays = delaysSec(
    shown,
    pictures.filter(({ startSec }) => startSec >= leadSec - STAMP_SEC),
  );
  const spreadSec = Math.max(...delays) - Math.min(...delays);
  return spreadSec > frameSec / 2 + STAMP_SEC ? [`pictures are up to ${spreadSec.toFixed(3)} s nearer or farther`] : [];
}

/** Pictures of the source that do not appear at their time. One that is shorter than a picture of ours need not. */
function findMissing(shown: Shown, expected: Expected, frameSec: number, toleranceSec: number): string[] {
  const { pictures: wanted, durationSec } = expected;
  const appearances = appearancesIn(shown);
  const missing = wanted.filter(({ number, startSec }, index) => {
    const holdSec = (wanted[index + 1]?.startSec ?? durationSec) - startSec;
    const isShown = appearances.some(
      (one) => one.number === number && Math.abs(one.startSec - startSec) <= toleranceSec,
    );
    return !isShown && holdSec > frameSec * 0.99;
  });
  if (missing.length === 0) return [];
  const examples = missing.slice(0, 4).map(({ number, startSec }) => {
    const at = appearances.filter((one) => one.number === number).map((one) => one.startSec.toFixed(3));
    return `${number} at ${startSec.toFixed(3)} (it is at ${at.join(' and ') || 'no time'})`;
  });
  return [`${missing.length} of ${wanted.length} pictures missing at their time: ${examples.join('; ')}`];
}

/** Pictures of the result that show what the source does not show around then. */
function findStray(shown: Shown, wanted: Shown, toleranceSec: number): string[] {
  const stray = shown.filter(({ number, startSec: atSec }) => {
    const isWanted = (one: TimedPicture, index: number): boolean => {
      const endSec = wanted[index + 1]?.startSec ?? Infinity;
      return one.number === number && one.startSec <= atSec + toleranceSec && endSec >= atSec - toleranceSec;
    };
    return !wanted.some(isWanted);
  });
  if (stray.length === 0) return [];
  const examples = stray.slice(0, 4).map(({ number, startSec }) => `${number} at ${startSec.toFixed(3)}`);
  return [`${stray.length} of ${shown.length} pictures are wrong ones: ${examples.join('; ')}`];
}

function findCardFaults({ pictures }: Rendition): string[] {
  const chosen = new Set([0, Math.floor(pictures.length / 2), pictures.length - 1]);
  return [...chosen].flatMap((index) => {
    const card = describeCard(pictures[index]!);
    const places = (Object.keys(UPRIGHT_CARD) as (keyof typeof UPRIGHT_CARD)[]).filter(
      (place) => card[place] !== UPRIGHT_CARD[place],
    );
    const wrong = places.map((place) => `${place} ${card[place]} instead of ${UPRIGHT_CARD[place]}`);
    return wrong.length === 0 ? [] : [`picture ${index}: ${wrong.join(', ')}`];
  });
}

const TONES_HZ = [400, 440, 700, 900, 1100];

function findSoundFaults(rendition: Rendition, { sound, durationSec, leadSec = 0 }: Expected): string[] {
  const { audio, channels } = rendition;
  if (sound === 'none') return audio ? ['has sound'] : [];
  if (!audio) return ['has no sound'];
  const endSec = audio.startSec + audio.durationSec;
  return [
    ...named({
      [`sound as ${audio.codec}, ${audio.channels} channels, ${audio.rateHz} Hz`]:
        audio.codec === 'aac' && audio.channels === 2 && audio.rateHz === 48_000,
      [`sound begins at ${audio.startSec.toFixed(3)} s`]: Math.abs(audio.startSec) <= SYNC_SEC,
      [`sound ends at ${endSec.toFixed(3)} s, not ${durationSec}`]:
        Math.abs(endSec - durationSec) <= SOUND_LENGTH_SEC + leadSec,
      [`gaps in the sound at ${audio.gapSecs.join(', ')} s`]: audio.gapSecs.length === 0,
    }),
    ...channels.flatMap((samples, index) => findToneFaults(samples, sound, { ...audio, leadSec, channel: index })),
  ];
}

function findToneFaults(
  samples: Float32Array,
  sound: Exclude<Expected['sound'], 'none'>,
  { startSec, leadSec, channel }: { startSec: number; leadSec: number; channel: number },
): string[] {
  if ('hz' in sound) {
    const levels = TONES_HZ.map((hz) => ({ hz, level: toneLevel(samples, hz) }));
    const loudest = levels.reduce((best, one) => (one.level > best.level ? one : best));
    const isRight = loudest.hz === sound.hz && loudest.level > 0.25;
    return isRight ? [] : [`channel ${channel}: loudest at ${loudest.hz} Hz (${loudest.level.toFixed(2)})`];
  }
  const onsetSecs = findOnsetSecs(samples).map((onsetSec) => onsetSec + startSec);
  const told = onsetSecs.map((atSec) => atSec.toFixed(3)).join(' and ');
  const isRight =
    onsetSecs.length === sound.beepSecs.length &&
    sound.beepSecs.every((beepSec, index) => Math.abs(onsetSecs[index]! - beepSec) <= SYNC_SEC + leadSec);
  return isRight ? [] : [`channel ${channel}: beeps at ${told || 'no time'}, not ${sound.beepSecs.join(' and ')}`];
}

/** The picture during which a beep begins, and the beep: each may be a little off, but not from each other. */
function findSyncFaults(
  { video, audio, pictures, channels }: Rendition,
  expected: Expected,
  style: CardStyle,
): string[] {
  const { sound, pictures: wanted } = expected;
  if (!audio || sound === 'none' || 'hz' in sound) return [];
  const { startSecs } = video!;
  const shown = pictures.map((picture, index) => ({ number: readNumber(picture, style), startSec: startSecs[index]! }));
  const onsetSecs = findOnsetSecs(channels[0]!).map((onsetSec) => onsetSec + audio.startSec);
  return sound.beepSecs.flatMap((beepSec, index) => {
    const near = wanted.slice(1).filter(({ startSec }) => Math.abs(startSec - beepSec) < 0.2);
    const delays = delaysSec(shown, [wanted[0]!, ...near]);
    const pictureDelaySec = delays.reduce((sum, one) => sum + one, 0) / delays.length;
    const apartSec = (onsetSecs[index] ?? NaN) - beepSec - pictureDelaySec;
    return delays.length === 0 || Math.abs(apartSec) <= SYNC_SEC
      ? []
      : [`sound ${apartSec.toFixed(3)} s after its picture, at ${beepSec} s`];
  });
}
