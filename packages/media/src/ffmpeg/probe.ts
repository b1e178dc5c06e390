import { JobError } from '@tapedeck/contracts';
import { z } from 'zod';
import { buildInputGuard, type InputGuard } from './arguments.ts';
import { runTool, type ToolResult, type ToolRun } from './run-tool.ts';
import type { MediaTools } from './tools.ts';

const numeric = z.coerce.number().optional().catch(undefined);

const flag = z.literal([0, 1]).catch(0);

const sideDataSchema = z.object({
  /** See parseOrientation. */
  displaymatrix: z.string().optional(),
  /** Content light level, in nits. */
  max_content: numeric,
  /** Of the mastering display, as a fraction of nits. */
  max_luminance: z.string().optional(),
});

const streamSchema = z.object({
  index: z.number(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  profile: z.string().optional(),
  level: z.number().optional(),
  pix_fmt: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  sample_aspect_ratio: z.string().optional(),
  field_order: z.string().optional(),
  has_b_frames: z.number().optional(),
  refs: z.number().optional(),
  color_range: z.string().optional(),
  color_space: z.string().optional(),
  color_primaries: z.string().optional(),
  color_transfer: z.string().optional(),
  r_frame_rate: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  channels: z.number().optional(),
  channel_layout: z.string().optional(),
  sample_rate: numeric,
  duration: numeric,
  nb_read_packets: numeric,
  disposition: z
    .object({ default: flag, attached_pic: flag, still_image: flag, timed_thumbnails: flag })
    .default({ default: 0, attached_pic: 0, still_image: 0, timed_thumbnails: 0 }),
  tags: z.record(z.string(), z.string()).default({}),
  side_data_list: z.array(sideDataSchema).default([]),
});
export type ProbedStream = z.output<typeof streamSchema>;

const probeSchema = z.object({
  streams: z.array(streamSchema).default([]),
  /** Of a broadcast: which streams belong together. */
  programs: z.array(z.object({ streams: z.array(z.object({ index: z.number() })).default([]) })).default([]),
  format: z
    .object({ format_name: z.string().optional(), start_time: numeric, duration: numeric, size: numeric })
    .default({}),
});
export type Probe = z.output<typeof probeSchema>;

/** ffprobe's JSON. */
export function parseProbe(json: unknown): Probe {
  return probeSchema.parse(json);
}

export interface ProbeOptions {
  /** Relative to `cwd`; a name that we gave. */
  fileName: string;
  cwd: string;
  guard: InputGuard;
  countPackets?: boolean;
  signal: AbortSignal;
}

const PROBE_TIMEOUT_MS = 60_000;

/** Only what is read, because a file may carry megabytes of tags. */
const PROBE_ENTRIES = [
  `stream=${Object.keys(streamSchema.shape).join(',')}`,
  'stream_disposition=default,attached_pic,still_image,timed_thumbnails',
  'stream_tags=alpha_mode,ALPHA_MODE',
  `stream_side_data=${Object.keys(sideDataSchema.shape).join(',')}`,
  'format=format_name,start_time,duration,size',
  'program_stream=index',
  // Otherwise a program's streams are shown whole, tags and all.
  'program_stream_tags=none:program_stream_disposition=none',
].join(':');

/**
 * What ffprobe says about a local file.
 * @throws JobError MEDIA_UNDECODABLE when it cannot be opened within its guard; ENCODE_STALLED or ENCODE_KILLED when
 *   ffprobe did not get to say.
 */
export async function probeFile(tools: MediaTools, options: ProbeOptions): Promise<Probe> {
  const { fileName, cwd, guard, countPackets, signal } = options;
  const args = [...(countPackets ? ['-count_packets'] : []), '-show_entries', PROBE_ENTRIES, '-of', 'json'];
  const result = await runProbe(tools, { args, fileName, cwd, guard, signal, timeoutMs: PROBE_TIMEOUT_MS });
  return parseProbe(JSON.parse(result.stdout));
}

/** One packet as the container tells it: times in seconds, undefined where it has none. */
export interface Packet {
  streamIndex: number;
  ptsSec: number | undefined;
  dtsSec: number | undefined;
  durationSec: number | undefined;
  /** The byte of the file where it begins. */
  position: number | undefined;
  isKey: boolean;
  /** Decoded, but not to be shown: an edit list cuts it off. */
  isDiscarded: boolean;
}

const PACKET_FIELDS = ['stream_index', 'pts_time', 'dts_time', 'duration_time', 'pos', 'flags'];

/**
 * Reads a file from end to end without decoding it, and hands over each packet as it passes: an hour of video takes
 * seconds, and no memory.
 * @throws as probeFile
 */
export async function scanPackets(
  tools: MediaTools,
  options: Omit<ProbeOptions, 'countPackets'> & { timeoutMs: number; onPacket: (packet: Packet) => void },
): Promise<void> {
  const { onPacket, ...run } = options;
  const args = ['-show_entries', `packet=${PACKET_FIELDS.join(',')}`, '-of', 'csv=p=0:nk=1'];
  await runProbe(tools, {
    ...run,
    args,
    onLine: (line) => {
      const packet = parsePacket(line);
      if (packet) onPacket(packet);
    },
  });
}

function parsePacket(line: string): Packet | undefined {
  const [streamIndex, pts, dts, duration, position, flags = ''] = line.split(',');
  if (flags === '') return undefined;
  return {
    streamIndex: toNumber(streamIndex) ?? -1,
    ptsSec: toNumber(pts),
    dtsSec: toNumber(dts),
    durationSec: toNumber(duration),
    position: toNumber(position),
    isKey: flags.includes('K'),
    isDiscarded: flags.includes('D'),
  };
}

/** One picture, or piece of sound, as a decoder gave it. */
export interface Frame {
  streamIndex: number;
  timeSec: number | undefined;
}

/** What a decoder complained of, with the frame that came next: what it could not show comes before. */
export interface Complaint {
  atSec: number | undefined;
  text: string;
}

const ERRORS = '16';

/**
 * Decodes a file from end to end and keeps nothing of it.
 * @throws as probeFile; what cannot be decoded is a complaint
 */
export async function scanFrames(
  tools: MediaTools,
  options: Omit<ProbeOptions, 'countPackets'> & {
    timeoutMs: number;
    onFrame: (frame: Frame) => void;
    onComplaint: (complaint: Complaint) => void;
  },
): Promise<void> {
  const { onFrame, onComplaint, ...run } = options;
  const entries = 'frame=stream_index,best_effort_timestamp_time:log=message';
  let atSec: number | undefined;
  await runProbe(tools, {
    ...run,
    args: ['-show_frames', '-show_log', ERRORS, '-show_entries', entries, '-of', 'csv=nk=1'],
    onLine: (line) => {
      const [, streamIndex, time] = /^frame,(\d+),([^,]*)/.exec(line) ?? [];
      if (streamIndex !== undefined) {
        atSec = toNumber(time);
        onFrame({ streamIndex: Number(streamIndex), timeSec: atSec });
      }
      const [, text] = /(?:^|,)log,"?(.*)$/.exec(line) ?? [];
      if (text !== undefined) onComplaint({ atSec, text: text.replaceAll(/ @ 0x[0-9a-f]+/g, '').trim() });
    },
  });
}

function toNumber(text: string | undefined): number | undefined {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) ? value : undefined;
}

type ProbeRun = Pick<ProbeOptions, 'fileName' | 'cwd' | 'guard' | 'signal'> &
  Pick<ToolRun, 'args' | 'timeoutMs' | 'onLine'>;

async function runProbe(tools: MediaTools, { fileName, guard, args, ...run }: ProbeRun): Promise<ToolResult> {
  const result = await runTool(tools, {
    ...run,
    tool: 'ffprobe',
    args: [...['-v', 'error', '-hide_banner', ...buildInputGuard(guard)], ...args, '-i', `file:${fileName}`],
  });
  if (result.timedOut) throw new JobError('ENCODE_STALLED', 'ffprobe took too long');
  if (result.signal) throw new JobError('ENCODE_KILLED', `ffprobe, by ${result.signal}`);
  if (result.exitCode === 0) return result;
  const { exitCode, stderrHead, stderrTail } = result;
  throw new JobError('MEDIA_UNDECODABLE', stderrTail || `ffprobe ended with ${exitCode}`, { details: { stderrHead } });
}
