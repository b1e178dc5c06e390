import type {
  Accepted,
  BatchAnswer,
  Deleted,
  hlsRequestSchema,
  JobList,
  JobView,
  Stats,
  tapeRequestSchema,
  HlsOutput,
  TapeOutput,
} from '@tapedeck/contracts';
import type { z } from 'zod';
import type { Example } from './openapi.ts';

type TapeBody = z.input<typeof tapeRequestSchema>;
type HlsBody = z.input<typeof hlsRequestSchema>;

const TAPE: TapeBody = {
  mongoId: '507f1f77bcf86cd799439011',
  bucket: 'user-aesthetic-computer',
  slug: 'wand-1729177200000',
  zipUrl: 'https://user-aesthetic-computer.sfo3.digitaloceanspaces.com/auth0|123/wand-1729177200000.zip',
  callbackUrl: 'https://aesthetic.computer/.netlify/functions/tape-mp4-complete',
  metadata: {
    frameCount: 120,
    totalDuration: 4000,
    piece: 'wand',
    scale: 6,
    originalSize: [640, 480],
    scaledSize: [3840, 2880],
  },
};
const TAPE_WITH_OPTIONS: TapeBody = {
  ...TAPE,
  type: 'tape',
  mongoId: '507f1f77bcf86cd799439012',
  priority: 'high',
  options: { timing: 'exact', crf: 18, preset: 'slow', scale: 4, poster: false, maxBytes: 50_000_000 },
};
const TAPE_FOR_OVEN: TapeBody = {
  ...TAPE,
  mongoId: '507f1f77bcf86cd799439013',
  callbackUrl: 'https://aesthetic.computer/.netlify/functions/oven-complete',
  callbackFormat: 'oven-complete',
  code: 'abc',
};
const TAPE_TO_UPLOAD: TapeBody = {
  id: 'wand-1729177200000',
  bucket: 'user-aesthetic-computer',
  slug: 'wand-1729177200000',
  zipUrl: 'https://recordings.example.com/wand-1729177200000.zip',
  callbackUrl: 'https://example.com/hooks/tapedeck',
  upload: {
    putUrl: 'https://results.example.com/wand.mp4?X-Amz-Signature=fe5f80f7',
    posterPutUrl: 'https://results.example.com/wand-poster.jpg?X-Amz-Signature=0c1d2e3f',
  },
};
const VIDEO: HlsBody = {
  id: 'video-123',
  bucket: 'media',
  slug: 'video-123',
  videoUrl: 'https://media.sfo3.digitaloceanspaces.com/uploads/original.mov',
  callbackUrl: 'https://example.com/hooks/tapedeck',
  ladder: 'mobile',
  metadata: {},
};
const VIDEO_WITH_LADDER: HlsBody = {
  ...VIDEO,
  type: 'hls',
  id: 'video-124',
  slug: 'video-124',
  priority: 'low',
  ladder: [
    { name: 'large', height: 1080, crf: 24, bitrateKbps: 5000, audioKbps: 160 },
    { name: 'small', height: 360 },
  ],
  options: { storyboard: true },
};

export const CONVERT_REQUESTS: Record<string, Example> = {
  tape: { summary: 'A tape', value: TAPE },
  tapeWithOptions: { summary: 'A tape with every option', value: TAPE_WITH_OPTIONS },
  tapeForOven: { summary: 'A tape whose callback has the body of oven-complete', value: TAPE_FOR_OVEN },
  tapeToUpload: { summary: 'A tape whose result goes to presigned URLs', value: TAPE_TO_UPLOAD },
  video: { summary: 'A video', value: VIDEO },
  videoWithLadder: { summary: 'A video with a ladder of its own and a storyboard', value: VIDEO_WITH_LADDER },
};

const TAPE_ID = 'tape_01k7s2m4e8q5v9x3z6b1c7d0fg';
const VIDEO_ID = 'hls_01k7s2n7r3t6w0y4a8c2e5g9jk';
const JOBS_URL = 'https://tapedeck.example.com/api/jobs';

export const ACCEPTED: Accepted = {
  jobId: TAPE_ID,
  status: 'queued',
  kind: 'tape',
  positionInQueue: 1,
  statusUrl: `${JOBS_URL}/${TAPE_ID}`,
};
export const DUPLICATE: Accepted = { ...ACCEPTED, status: 'processing', positionInQueue: null, duplicate: true };

export const BATCH_REQUEST = { jobs: [TAPE, { ...VIDEO, bucket: 'other' }] };
export const BATCH_ANSWER: BatchAnswer = {
  accepted: 1,
  refused: 1,
  results: [
    { index: 0, status: 202, job: ACCEPTED },
    {
      index: 1,
      status: 403,
      problem: {
        type: 'urn:tapedeck:problem:BUCKET_NOT_ALLOWED',
        title: 'Jobs for this bucket are not accepted',
        status: 403,
        detail: 'Jobs for this bucket are not accepted: bucket other is not in ALLOWED_BUCKETS',
        code: 'BUCKET_NOT_ALLOWED',
      },
    },
  ],
};

const TAPE_OUTPUT: TapeOutput = {
  mp4Url: 'https://user-aesthetic-computer.sfo3.digitaloceanspaces.com/auth0|123/wand-1729177200000.mp4',
  posterUrl: 'https://user-aesthetic-computer.sfo3.digitaloceanspaces.com/auth0|123/wand-1729177200000-poster.jpg',
  duration: 4,
  size: 2_048_576,
  resolution: [3840, 2880],
};
const VIDEO_URL = 'https://media.sfo3.digitaloceanspaces.com/video-123';
const HLS_OUTPUT: HlsOutput = {
  hlsUrl: `${VIDEO_URL}/master.m3u8`,
  posterUrl: `${VIDEO_URL}/poster.jpg`,
  duration: 92.4,
  size: 34_127_404,
  resolution: [1280, 720],
  renditions: [
    { name: '720p', width: 1280, height: 720, bandwidth: 2_803_200, playlistUrl: `${VIDEO_URL}/720p/playlist.m3u8` },
    { name: '480p', width: 854, height: 480, bandwidth: 1_402_800, playlistUrl: `${VIDEO_URL}/480p/playlist.m3u8` },
  ],
};

const QUEUED: JobView = {
  jobId: TAPE_ID,
  kind: 'tape',
  reference: '507f1f77bcf86cd799439011',
  slug: 'wand-1729177200000',
  bucket: 'user-aesthetic-computer',
  status: 'queued',
  phase: null,
  progress: 0,
  attempt: 0,
  maxAttempts: 3,
  positionInQueue: 1,
  createdAt: '2026-02-01T12:00:00.000Z',
  startedAt: null,
  finishedAt: null,
  estimatedCompletionAt: null,
  output: null,
  resultDeletedAt: null,
  error: null,
  callback: { status: 'pending', attempts: 0, lastStatus: null },
  plan: null,
  metadata: { piece: 'wand', scaledSize: [3840, 2880] },
};
const PROCESSING: JobView = {
  ...QUEUED,
  status: 'processing',
  phase: 'encode',
  progress: 62,
  attempt: 1,
  positionInQueue: null,
  startedAt: '2026-02-01T12:00:01.250Z',
};
const COMPLETED: JobView = {
  ...PROCESSING,
  status: 'completed',
  phase: 'publish',
  progress: 100,
  finishedAt: '2026-02-01T12:00:09.800Z',
  output: TAPE_OUTPUT,
  callback: { status: 'delivered', attempts: 1, lastStatus: 200 },
};
const COMPLETED_VIDEO: JobView = {
  ...COMPLETED,
  jobId: VIDEO_ID,
  kind: 'hls',
  reference: 'video-123',
  slug: 'video-123',
  bucket: 'media',
  output: HLS_OUTPUT,
  metadata: {},
};
const FAILED: JobView = {
  ...PROCESSING,
  status: 'failed',
  finishedAt: '2026-02-01T12:00:31.400Z',
  attempt: 3,
  error: { code: 'ENCODE_FAILED', message: 'FFmpeg encoding failed: exit code 1', retryable: true, phase: 'encode' },
  callback: { status: 'pending', attempts: 2, lastStatus: 503 },
};

const CANCELED: JobView = { ...PROCESSING, status: 'canceled', finishedAt: '2026-02-01T12:00:04.100Z' };

export const JOBS = {
  queued: { value: QUEUED },
  processing: { value: PROCESSING },
  completedTape: { value: COMPLETED },
  completedVideo: { value: COMPLETED_VIDEO },
  failed: { value: FAILED },
  canceled: { value: CANCELED },
} satisfies Record<string, Example>;

/** As the stream of `GET /api/jobs/:jobId/events` has them. */
export const EVENTS = [PROCESSING, COMPLETED].map((job, index) => `id: ${index + 1}\ndata: ${JSON.stringify(job)}\n\n`);

export const JOB_LIST: JobList = { total: 2, limit: 20, offset: 0, jobs: [COMPLETED_VIDEO, COMPLETED] };
export const DELETED: Deleted = { success: true, deleted_files: 2, space_freed: 2_148_101 };
export const STATS: Stats = {
  total: 1284,
  completed: 1251,
  processing: 1,
  queued: 4,
  failed: 21,
  canceled: 7,
  today: 38,
  successRate: 0.9835,
  averageConversionSec: 9.4,
  queueLength: 4,
  storageBytes: 48_318_382_080,
};
export const COMPRESS_ANSWER = { ...QUEUED, jobId: VIDEO_ID, kind: 'hls', reference: '4711', position_in_queue: 1 };

const TAPE_SUBJECT = { mongoId: '507f1f77bcf86cd799439011', jobId: TAPE_ID };
export const CALLBACKS: Record<string, Example> = {
  completeTape: { value: { ...TAPE_SUBJECT, status: 'complete', ...TAPE_OUTPUT, metadata: { piece: 'wand' } } },
  completeVideo: { value: { id: 'video-123', jobId: VIDEO_ID, status: 'complete', ...HLS_OUTPUT, metadata: {} } },
  error: {
    value: {
      ...TAPE_SUBJECT,
      status: 'error',
      error: 'FFmpeg encoding failed: exit code 1',
      code: 'ENCODE_FAILED',
      metadata: { piece: 'wand' },
    },
  },
  canceled: { value: { ...TAPE_SUBJECT, status: 'canceled', metadata: { piece: 'wand' } } },
};

const OVEN_SUBJECT = { mongoId: '507f1f77bcf86cd799439013', code: 'abc', jobId: TAPE_ID };
const OVEN_REST = { metadata: { piece: 'wand' }, secret: 'what OVEN_CALLBACK_SECRET says' };
const { posterUrl: thumbnailUrl, ...OVEN_OUTPUT } = TAPE_OUTPUT;
export const OVEN_CALLBACKS: Record<string, Example> = {
  complete: { value: { ...OVEN_SUBJECT, status: 'complete', ...OVEN_OUTPUT, thumbnailUrl, ...OVEN_REST } },
  error: {
    value: {
      ...OVEN_SUBJECT,
      status: 'error',
      error: 'FFmpeg encoding failed: exit code 1',
      errorCode: 'ENCODE_FAILED',
      ...OVEN_REST,
    },
  },
  canceled: { value: { ...OVEN_SUBJECT, status: 'canceled', error: 'The conversion was canceled', ...OVEN_REST } },
};

export const LIVE = { status: 'ok' };
const CHECKS = { redis: { ok: true, latencyMs: 1 }, storage: { ok: true, latencyMs: 42, driver: 'spaces' } };
export const READY = { status: 'ok', checks: CHECKS };
export const HEALTH = {
  status: 'ok',
  version: '0.1.0',
  uptime: 86_400,
  checks: {
    ...CHECKS,
    ffmpeg: { available: true, version: '7.1.1' },
    protections: { held: ['network', 'files'], missing: [] },
    queues: { paused: [] },
    workers: { alive: 2, busy: 1 },
    inline: { enabled: false, active: false, busy: 0 },
    disk: { freeBytes: 21_474_836_480, totalBytes: 85_899_345_920 },
  },
};
export const METRICS = `# HELP tapedeck_jobs Jobs by kind and status.
# TYPE tapedeck_jobs gauge
tapedeck_jobs{kind="tape",status="completed"} 1251
`;
