import { JobError } from '@tapedeck/contracts';
import { z } from 'zod';
import { buildInputGuard, type InputGuard } from './arguments.ts';
import { runTool } from './run-tool.ts';
import type { MediaTools } from './tools.ts';

const numeric = z.coerce.number().optional().catch(undefined);

const streamSchema = z.object({
  index: z.number(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  profile: z.string().optional(),
  level: z.number().optional(),
  pix_fmt: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  color_space: z.string().optional(),
  channels: z.number().optional(),
  sample_rate: numeric,
  duration: numeric,
  start_time: numeric,
  nb_read_packets: numeric,
});
export type ProbedStream = z.output<typeof streamSchema>;

const probeSchema = z.object({
  streams: z.array(streamSchema).default([]),
  format: z.object({ format_name: z.string().optional(), duration: numeric, size: numeric }).default({}),
});
export type Probe = z.output<typeof probeSchema>;

export interface ProbeOptions {
  /** Relative to `cwd`; a name that we gave. */
  fileName: string;
  cwd: string;
  guard: InputGuard;
  countPackets?: boolean;
  signal: AbortSignal;
}

const PROBE_TIMEOUT_MS = 60_000;

/**
 * What ffprobe says about a local file.
 * @throws JobError MEDIA_UNDECODABLE when it cannot be opened within its guard; ENCODE_STALLED or ENCODE_KILLED when
 *   ffprobe did not get to say.
 */
export async function probeFile(tools: MediaTools, options: ProbeOptions): Promise<Probe> {
  const { fileName, cwd, guard, countPackets, signal } = options;
  const result = await runTool(tools, {
    tool: 'ffprobe',
    args: [
      ...['-v', 'error', '-hide_banner', ...buildInputGuard(guard)],
      ...(countPackets ? ['-count_packets'] : []),
      ...['-show_streams', '-show_format', '-of', 'json', '-i', `file:${fileName}`],
    ],
    cwd,
    signal,
    timeoutMs: PROBE_TIMEOUT_MS,
  });
  if (result.timedOut) throw new JobError('ENCODE_STALLED', 'ffprobe took too long');
  if (result.signal) throw new JobError('ENCODE_KILLED', `ffprobe, by ${result.signal}`);
  if (result.exitCode !== 0) {
    throw new JobError('MEDIA_UNDECODABLE', result.stderrTail || `ffprobe ended with ${result.exitCode}`);
  }
  return probeSchema.parse(JSON.parse(result.stdout));
}
