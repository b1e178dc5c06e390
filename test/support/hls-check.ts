import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { Picture } from './video/test-card.ts';

const exec = promisify(execFile);
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** A line of a master playlist. */
export interface Variant {
  bandwidth: number;
  codecs: string;
  /** As written: `1280x720`; undefined for sound alone. */
  resolution: string | undefined;
  frameRate: number | undefined;
  path: string;
}

/** Written apart from the service's own reader of playlists. */
export async function readMaster(masterPath: string): Promise<Variant[]> {
  const lines = (await readFile(masterPath, 'utf8')).split(/\r?\n/);
  return lines.flatMap((line, index) => {
    if (!line.startsWith('#EXT-X-STREAM-INF:')) return [];
    const attributes = readAttributes(line.slice(line.indexOf(':') + 1));
    return {
      bandwidth: Number(attributes.get('BANDWIDTH')),
      codecs: attributes.get('CODECS') ?? '',
      resolution: attributes.get('RESOLUTION'),
      frameRate: attributes.has('FRAME-RATE') ? Number(attributes.get('FRAME-RATE')) : undefined,
      path: join(dirname(masterPath), lines[index + 1]!),
    };
  });
}

function readAttributes(text: string): Map<string, string> {
  const found = text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g);
  return new Map([...found].map(([, name, quoted, bare]) => [name!, quoted ?? bare!]));
}

export interface MediaPlaylist {
  targetSec: number;
  isComplete: boolean;
  segmentSecs: number[];
}

export async function readMediaPlaylist(path: string): Promise<MediaPlaylist> {
  const text = await readFile(path, 'utf8');
  return {
    targetSec: Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(text)?.[1]),
    isComplete: text.includes('#EXT-X-ENDLIST'),
    segmentSecs: [...text.matchAll(/#EXTINF:([\d.]+)/g)].map(([, seconds]) => Number(seconds)),
  };
}

/** Everything that a test asks about the pictures of a rendition. */
export interface VideoFacts {
  codec: string;
  profile: string;
  pixelFormat: string;
  size: [number, number];
  pixelShape: string;
  colour: string;
  /** What players would still have to do to a picture: turn it, tone-map it. */
  sideData: string[];
  isInterlaced: boolean;
  /** When each picture is shown, counted from the first. */
  startSecs: number[];
  /** Of the pictures with which decoding can begin. */
  keySecs: number[];
}

export interface AudioFacts {
  codec: string;
  channels: number;
  rateHz: number;
  /** Counted from the first picture. */
  startSec: number;
  durationSec: number;
  /** Where one frame does not follow right upon the other, in seconds. */
  gapSecs: number[];
}

export interface Rendition {
  playlist: MediaPlaylist;
  video: VideoFacts | undefined;
  audio: AudioFacts | undefined;
  pictures: Picture[];
  /** Samples from -1 to 1, one array a channel. */
  channels: Float32Array[];
  /** What a decoder that forgives nothing said. */
  complaints: string;
}

type Fields = Record<string, string | number | undefined>;
interface Probed {
  streams: (Fields & { index: number; side_data_list?: Fields[] })[];
  frames: (Fields & { stream_index: number; side_data_list?: Fields[] })[];
}

/** Of several AAC frames in one packet, ffprobe stamps some with their neighbour's time. */
const FRAME_STAMP_SEC = 0.025;

const FRAME_FIELDS = 'frame=stream_index,pts_time,nb_samples,key_frame,interlaced_frame,side_data_list';

/** Decodes a rendition, or any other media file, to its end. */
export async function readRendition(path: string): Promise<Rendition> {
  const args = ['-v', 'error', '-show_streams', '-show_frames', '-show_entries', `stream:${FRAME_FIELDS}`];
  const { stdout } = await exec('ffprobe', [...args, '-of', 'json', path], { maxBuffer: MAX_OUTPUT_BYTES });
  const probed = JSON.parse(stdout) as Probed;
  const video = describeVideo(probed);
  const decoded = await decode(path, probed);
  const playlist = path.endsWith('.m3u8')
    ? await readMediaPlaylist(path)
    : { targetSec: 0, isComplete: true, segmentSecs: [] };
  return {
    ...{ playlist, video, audio: describeAudio(probed) },
    pictures: video ? cutPictures(decoded.rgb, video.size) : [],
    channels: splitChannels(decoded.pcm),
    complaints: decoded.complaints,
  };
}

const streamOf = (probed: Probed, kind: string) => probed.streams.find(({ codec_type: type }) => type === kind);

function describeVideo(probed: Probed): VideoFacts | undefined {
  const stream = streamOf(probed, 'video');
  if (!stream) return undefined;
  const frames = probed.frames.filter(({ stream_index: index }) => index === stream.index);
  const startSecs = frames.map(({ pts_time: time }) => Number(time));
  const origin = startSecs[0]!;
  const sideData = [...(stream.side_data_list ?? []), ...(frames[0]?.side_data_list ?? [])].map(
    ({ side_data_type: type }) => String(type),
  );
  const { color_range: range, color_space: matrix, color_primaries: primaries, color_transfer: transfer } = stream;
  return {
    codec: String(stream.codec_name),
    profile: String(stream.profile),
    pixelFormat: String(stream.pix_fmt),
    size: [Number(stream.width), Number(stream.height)],
    pixelShape: String(stream.sample_aspect_ratio ?? '1:1'),
    colour: [matrix, primaries, transfer, range].map((tag) => tag ?? 'unknown').join('/'),
    sideData: sideData.filter((type) => !type.includes('User Data Unregistered')),
    isInterlaced: frames.some(({ interlaced_frame: flag }) => flag === 1),
    startSecs: startSecs.map((time) => time - origin),
    keySecs: frames.filter(({ key_frame: flag }) => flag === 1).map(({ pts_time: time }) => Number(time) - origin),
  };
}

function describeAudio(probed: Probed): AudioFacts | undefined {
  const stream = streamOf(probed, 'audio');
  if (!stream) return undefined;
  const rateHz = Number(stream.sample_rate);
  const frames = probed.frames
    .filter(({ stream_index: index }) => index === stream.index)
    .map(({ pts_time: time, nb_samples: samples }) => ({
      startSec: Number(time),
      lengthSec: Number(samples) / rateHz,
    }));
  const video = streamOf(probed, 'video');
  const firstPicture = probed.frames.find(({ stream_index: index }) => index === video?.index);
  const origin = Number(firstPicture?.pts_time ?? frames[0]?.startSec);
  let nextSec = frames[0]?.startSec ?? NaN;
  const isGap = ({ startSec, lengthSec }: (typeof frames)[number]): boolean => {
    const isAway = Math.abs(startSec - nextSec) > FRAME_STAMP_SEC;
    nextSec = (isAway ? startSec : nextSec) + lengthSec;
    return isAway;
  };
  return {
    codec: String(stream.codec_name),
    channels: Number(stream.channels),
    rateHz,
    startSec: (frames[0]?.startSec ?? NaN) - origin,
    durationSec: frames.reduce((sum, { lengthSec }) => sum + lengthSec, 0),
    gapSecs: frames.filter(isGap).map(({ startSec }) => startSec - origin),
  };
}

/** Pictures to stdout, sound to a third pipe: one decoder for both, so that neither can stop unseen. */
async function decode(path: string, probed: Probed): Promise<{ rgb: Buffer; pcm: Buffer; complaints: string }> {
  const toRgb = 'scale=flags=accurate_rnd+full_chroma_int+bilinear,format=rgb24';
  const video = ['-map', '0:v:0', '-vf', toRgb, '-fps_mode', 'passthrough', '-f', 'rawvideo', 'pipe:1'];
  const audio = ['-map', '0:a:0', '-ac', '2', '-f', 's16le', 'pipe:3'];
  const outputs = [...(streamOf(probed, 'video') ? video : []), ...(streamOf(probed, 'audio') ? audio : [])];
  const args = ['-v', 'error', '-xerror', '-noautorotate', '-i', path, ...outputs];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const [rgb, complaints, pcm] = await Promise.all([
    buffer(child.stdout!),
    buffer(child.stderr!),
    buffer(child.stdio[3] as Readable),
    once(child, 'close'),
  ]);
  const ending = child.exitCode === 0 ? '' : `ended with ${child.exitCode}`;
  return { rgb, pcm, complaints: complaints.toString() + ending };
}

function cutPictures(rgb: Buffer, [width, height]: readonly [number, number]): Picture[] {
  const bytes = width * height * 3;
  const cut = (_: unknown, index: number): Picture => ({
    ...{ width, height, rgb: rgb.subarray(index * bytes, (index + 1) * bytes) },
  });
  return Array.from({ length: rgb.length / bytes }, cut);
}

function splitChannels(pcm: Buffer): Float32Array[] {
  const count = Math.floor(pcm.length / 4);
  const channel = (offset: number): Float32Array =>
    Float32Array.from({ length: count }, (_, index) => pcm.readInt16LE(index * 4 + offset) / 32_768);
  return count > 0 ? [channel(0), channel(2)] : [];
}

/** Pictures a second, if every picture is shown for equally long; NaN if not. 90 kHz time stamps are rounded. */
export function constantRate(startSecs: readonly number[]): number {
  if (startSecs.length < 2) return NaN;
  const stepSec = startSecs.at(-1)! / (startSecs.length - 1);
  const isEven = startSecs.every((time, index) => Math.abs(time - index * stepSec) < 0.001);
  return isEven ? 1 / stepSec : NaN;
}

/** How loud a frequency is, from 0 to 1 (Goertzel). */
export function toneLevel(samples: Float32Array, hz: number, rateHz = 48_000): number {
  const turn = 2 * Math.cos((2 * Math.PI * hz) / rateHz);
  let last = 0;
  let beforeLast = 0;
  for (const sample of samples) [last, beforeLast] = [sample + turn * last - beforeLast, last];
  const power = last * last + beforeLast * beforeLast - turn * last * beforeLast;
  return (2 * Math.sqrt(Math.max(0, power))) / samples.length;
}

/** When each sound begins that follows upon a quarter of a second of silence, in seconds from the first sample. */
export function findOnsetSecs(samples: Float32Array, rateHz = 48_000): number[] {
  const onsets: number[] = [];
  let lastLoud = -Infinity;
  for (const [index, sample] of samples.entries()) {
    if (Math.abs(sample) < 0.25) continue;
    if (index - lastLoud > rateHz / 4) onsets.push(index / rateHz);
    lastLoud = index;
  }
  return onsets;
}
