import { z } from 'zod';

const checkSchema = z.object({ ok: z.boolean(), latencyMs: z.int().min(0).describe('Milliseconds.') });
const storageCheckSchema = checkSchema.extend({ driver: z.enum(['spaces', 'local']) });
const bytes = z.number().min(0).describe('Bytes.');

/** `GET /health/live` */
export const livenessSchema = z.object({ status: z.literal('ok') });

/** `GET /health/ready` */
export const readinessSchema = z.object({
  status: z.enum(['ok', 'unavailable']),
  checks: z.object({ redis: checkSchema, storage: storageCheckSchema }),
});

/** `GET /health` */
export const healthSchema = z.object({
  status: z
    .enum(['ok', 'degraded', 'unavailable'])
    .describe(
      'degraded: jobs are accepted, and no worker takes them; checks.inline says whether the API does. unavailable: Redis or the store does not answer.',
    ),
  version: z.string(),
  uptime: z.int().min(0).describe('Seconds since this process of the API began.'),
  checks: z.object({
    redis: checkSchema,
    storage: storageCheckSchema,
    ffmpeg: z.object({ available: z.boolean(), version: z.string().nullable() }).describe('Of those that convert.'),
    protections: z
      .object({ held: z.array(z.string()), missing: z.array(z.string()) })
      .describe('What keeps FFmpeg in its sandbox: held is what every worker has; missing, what one of them has not.'),
    queues: z.object({ paused: z.array(z.string()) }),
    workers: z
      .object({ alive: z.int().min(0), busy: z.int().min(0).describe('Conversions that are running.') })
      .describe('Without the stand-in.'),
    inline: z
      .object({
        enabled: z.boolean().describe('Whether this process of the API has CONVERT_INLINE.'),
        active: z.boolean().describe('Whether the stand-in of one of them is alive, and converts.'),
        busy: z.int().min(0).describe('Conversions that it is running.'),
      })
      .describe('What the API converts itself, one job at a time, while no worker is alive.'),
    disk: z.object({ freeBytes: bytes, totalBytes: bytes }).nullable().describe('Of the DATA_DIR of this process.'),
  }),
});
