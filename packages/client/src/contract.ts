/* eslint-disable max-lines -- as long as the contract is */
// Written by `npm run client-types` from the schemas of packages/contracts: change those.
//
// Not imported from there: whoever installs the client gets types that stand by themselves, and no zod.

export type TapeRequest = {
  type?: 'tape' | undefined;
  /** The caller's own name for the recording, never interpreted. A number becomes a string. */
  mongoId?: string | number | undefined;
  /** The caller's own name for the recording, never interpreted. A number becomes a string. */
  id?: string | number | undefined;
  /** A ZIP of frames (PNG or WebP) with timing.json: an absolute https: URL; a raw | is fine. */
  zipUrl: string;
  options?:
    | {
        /** cfr30: 30 frames a second. exact: every frame at its own time. @default "cfr30" */
        timing?: 'cfr30' | 'exact' | undefined;
        /** Constant rate factor of x264; lower is better and larger. @default 23 */
        crf?: number | undefined;
        /** Of x264; slower is smaller. @default "medium" */
        preset?:
          | 'ultrafast'
          | 'superfast'
          | 'veryfast'
          | 'faster'
          | 'fast'
          | 'medium'
          | 'slow'
          | 'slower'
          | 'veryslow'
          | undefined;
        /** Output size = frame size × scale. metadata.scaledSize, a size in pixels, comes before it. */
        scale?: number | undefined;
        /** A JPEG beside the MP4. @default true */
        poster?: boolean | undefined;
        /** Bytes. A larger result is encoded again under a bitrate ceiling. */
        maxBytes?: number | undefined;
      }
    | undefined;
  /** Where the result goes instead of the bucket. */
  upload?:
    | {
        /** A presigned URL for PUT, to which the MP4 goes. */
        putUrl: string;
        /** Likewise for the poster, another object; without it there is none. */
        posterPutUrl?: string | undefined;
      }
    | undefined;
  /** Which body callbackUrl is sent. oven-complete needs code; default: what your key has, else standard. */
  callbackFormat?: 'standard' | 'oven-complete' | undefined;
  /** What the tape is called by the receiver of oven-complete; metadata.code means the same. */
  code?: string | undefined;
  /** The bucket that the result goes to. */
  bucket: string;
  /** What the result is called in the bucket. May have slashes, with no empty, "." or ".." part between them. */
  slug: string;
  /** Where the result is told: an absolute https: URL. */
  callbackUrl: string;
  /** Which jobs go first; within one, the oldest. @default "normal" */
  priority?: 'high' | 'normal' | 'low' | undefined;
  /** Free-form, comes back untouched. The body has at most 256 KiB and 64 levels. */
  metadata?: Record<string, unknown> | null | undefined;
} & ({ mongoId: string | number } | { id: string | number });

export type HlsRequest = {
  type?: 'hls' | undefined;
  /** The same as options.storyboard, which it comes before. */
  storyboard?: boolean | undefined;
  /** Which body callbackUrl is sent: of a video always the standard one. */
  callbackFormat?: 'standard' | undefined;
  /** The caller's own name for the recording, never interpreted. A number becomes a string. */
  mongoId?: string | number | undefined;
  /** The caller's own name for the recording, never interpreted. A number becomes a string. */
  id?: string | number | undefined;
  /** A video or sound file: an absolute https: URL; a raw | is fine. */
  videoUrl: string;
  /** By name, or 1 to 6 rungs of one's own. Never upscaled. Without one the worker's HLS_LADDER decides. */
  ladder?:
    | 'mobile'
    | 'mobile-1080'
    | 'web'
    | {
        /** What its folder is called; each rung another. */
        name: string;
        /** The most that the short side may have, in pixels. */
        height: number;
        /** Constant rate factor of x264; lower is better and larger. 28 when nothing is said. */
        crf?: number | undefined;
        /** Ceiling for the picture, kilobits per second. Follows from the height when nothing is said. */
        bitrateKbps?: number | undefined;
        /** Kilobits per second. 128 when nothing is said. */
        audioKbps?: number | undefined;
      }[]
    | undefined;
  options?:
    | {
        /** A sprite of small pictures and its WebVTT, for the seek bar. @default false */
        storyboard?: boolean | undefined;
      }
    | undefined;
  /** The bucket that the result goes to. */
  bucket: string;
  /** What the result is called in the bucket. May have slashes, with no empty, "." or ".." part between them. */
  slug: string;
  /** Where the result is told: an absolute https: URL. */
  callbackUrl: string;
  /** Which jobs go first; within one, the oldest. @default "normal" */
  priority?: 'high' | 'normal' | 'low' | undefined;
  /** Free-form, comes back untouched. The body has at most 256 KiB and 64 levels. */
  metadata?: Record<string, unknown> | null | undefined;
} & ({ mongoId: string | number } | { id: string | number });

export type Accepted = {
  jobId: string;
  status: 'queued' | 'processing' | 'completed' | 'failed' | 'canceled';
  kind: 'tape' | 'hls';
  /** 1 is next; null when a worker has it, or when it is not known. */
  positionInQueue: number | null;
  /** Where to ask for the job. */
  statusUrl: string;
  /** This request was accepted before; the job is that one. */
  duplicate?: true | undefined;
};

export type BatchAnswer = {
  /** How many are 202 or 200. */
  accepted: number;
  /** All the others. */
  refused: number;
  /** One for each job, in their order. */
  results: (
    | {
        /** Which of the jobs that were sent; 0 is the first. */
        index: number;
        /** 202: a new job. 200: one that is known. */
        status: 202 | 200;
        job: Accepted;
      }
    | {
        /** Which of the jobs that were sent; 0 is the first. */
        index: number;
        status: number;
        /** As POST /convert would have answered it: paths are those within this job. */
        problem: Problem;
      }
  )[];
};

export type Job = {
  jobId: string;
  /** tape: a ZIP of frames becomes an MP4. hls: a video becomes an adaptive stream. */
  kind: 'tape' | 'hls';
  /** The caller's own name for it: mongoId or id of the request. */
  reference: string;
  slug: string;
  bucket: string;
  /** queued and processing are alive; the other three are how it ended. */
  status: 'queued' | 'processing' | 'completed' | 'failed' | 'canceled';
  /** What the attempt is doing now. */
  phase: 'download' | 'extract' | 'probe' | 'encode' | 'verify' | 'publish' | null;
  /** Percent of the whole job. */
  progress: number;
  /** 0 before the first. */
  attempt: number;
  maxAttempts: number;
  /** 1 is next; null once a worker has it. */
  positionInQueue: number | null;
  /** ISO 8601, UTC. */
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  estimatedCompletionAt: string | null;
  output: TapeOutput | HlsOutput | null;
  /** When what output names was deleted because of its age; null while it is there. */
  resultDeletedAt: string | null;
  error: {
    code: ErrorCode;
    message: string;
    /** Is the same job, tried again later, likely to end differently? */
    retryable: boolean;
    phase: 'download' | 'extract' | 'probe' | 'encode' | 'verify' | 'publish' | null;
  } | null;
  callback: {
    /** pending may still be tried; delivered got a 2xx; exhausted will not be tried again by itself. */
    status: 'pending' | 'delivered' | 'exhausted';
    attempts: number;
    /** The HTTP status of the last answer; null when there was none. */
    lastStatus: number | null;
  };
  /** How the attempt was carried out: output size and why, timing, encoder settings, memory. */
  plan: Record<string, unknown> | null;
  /** As it came with the request. */
  metadata: Record<string, unknown> | null;
};

export type JobList = {
  /** How many jobs fit the query, on all pages. */
  total: number;
  /** Set when thousands fit `q`: `total` is made from how often it was met on the way to this page. */
  totalIsEstimate?: true | undefined;
  limit: number;
  offset: number;
  jobs: Job[];
};

export type TapeOutput = {
  /** In the caller's own style: a raw | that came in goes out raw. */
  mp4Url: string;
  /** Absent when the request wanted none. */
  posterUrl?: string | undefined;
  /** Seconds. */
  duration: number;
  /** Bytes of the MP4. */
  size: number;
  /** [width, height] in pixels. */
  resolution: [number, number];
};

export type HlsOutput = {
  /** The master playlist. */
  hlsUrl: string;
  /** Absent for sound without a cover. */
  posterUrl?: string | undefined;
  /** WebVTT with the pictures of the seek bar, when the request asked for it. */
  storyboardUrl?: string | undefined;
  /** Seconds. */
  duration: number;
  /** Bytes of everything that was published. */
  size: number;
  /** [width, height] of the largest rendition in pixels; null for sound alone. */
  resolution: [number, number] | null;
  /** The largest first. */
  renditions: RenditionOutput[];
};

export type RenditionOutput = {
  name: string;
  /** Pixels; null for sound alone. */
  width: number | null;
  /** Pixels; null for sound alone. */
  height: number | null;
  /** The measured peak, bits per second, as the master playlist says it. */
  bandwidth: number;
  playlistUrl: string;
};

export type Problem = {
  /** urn:tapedeck:problem:CODE */
  type: string;
  /** The same for every problem of this code. */
  title: string;
  status: number;
  /** What was expected and what came, here. */
  detail: string;
  code: ErrorCode;
  /** With REQUEST_INVALID: one row for each field that does not fit. */
  errors?:
    | {
        /** Dotted path into the body, or the name of a parameter or header; (body) for the body itself. */
        path: string;
        message: string;
      }[]
    | undefined;
};

export type Callback =
  | {
      /** The caller's own reference, under the name that the request had for it. */
      mongoId?: string | undefined;
      /** The caller's own reference; of a video always there. */
      id?: string | undefined;
      jobId: string;
      /** As it came with the request. */
      metadata?: Record<string, unknown> | null | undefined;
      status: 'complete';
      /** In the caller's own style: a raw | that came in goes out raw. */
      mp4Url: string;
      /** Absent when the request wanted none. */
      posterUrl?: string | undefined;
      /** Seconds. */
      duration: number;
      /** Bytes of the MP4. */
      size: number;
      /** [width, height] in pixels. */
      resolution: [number, number];
    }
  | {
      /** The caller's own reference, under the name that the request had for it. */
      mongoId?: string | undefined;
      id: string;
      jobId: string;
      /** As it came with the request. */
      metadata?: Record<string, unknown> | null | undefined;
      status: 'complete';
      /** The master playlist. */
      hlsUrl: string;
      /** Absent for sound without a cover. */
      posterUrl?: string | undefined;
      /** WebVTT with the pictures of the seek bar, when the request asked for it. */
      storyboardUrl?: string | undefined;
      /** Seconds. */
      duration: number;
      /** Bytes of everything that was published. */
      size: number;
      /** [width, height] of the largest rendition in pixels; null for sound alone. */
      resolution: [number, number] | null;
      /** The largest first. */
      renditions: RenditionOutput[];
    }
  | {
      /** The caller's own reference, under the name that the request had for it. */
      mongoId?: string | undefined;
      /** The caller's own reference; of a video always there. */
      id?: string | undefined;
      jobId: string;
      /** As it came with the request. */
      metadata?: Record<string, unknown> | null | undefined;
      status: 'error';
      /** For people: what was expected and what came. */
      error: string;
      code: ErrorCode;
    }
  | {
      /** The caller's own reference, under the name that the request had for it. */
      mongoId?: string | undefined;
      /** The caller's own reference; of a video always there. */
      id?: string | undefined;
      jobId: string;
      /** As it came with the request. */
      metadata?: Record<string, unknown> | null | undefined;
      status: 'canceled';
    };

export type TestCallback = {
  /** Of the test: no job has this id. */
  jobId: string;
  status: 'test';
  /** For people. */
  message: string;
};

export type JobFilter = {
  /** One status, or several with commas between. */
  status?: string | undefined;
  /** tape makes an MP4, hls a stream. */
  kind?: 'tape' | 'hls' | undefined;
  /** Jobs that failed with this code (docs/errors.md); none where status leaves the failed ones out. */
  code?: ErrorCode | undefined;
  /** What the reference or the slug begins with, in whatever case of a to z. */
  q?: string | undefined;
  /** Jobs of this time or later: of their creation, or, with sort=finishedAt, of their end. A date alone means 00:00 UTC. */
  from?: string | undefined;
  /** Jobs of before this time; see from. */
  to?: string | undefined;
  /** By which time they are in order. @default "createdAt" */
  sort?: 'createdAt' | 'finishedAt' | undefined;
  /** desc: the newest first. @default "desc" */
  order?: 'desc' | 'asc' | undefined;
  /** How many jobs at most. */
  limit?: number | undefined;
  /** How many jobs to leave out from the beginning. */
  offset?: number | undefined;
};

/** What docs/errors.md lists. */
export type KnownErrorCode =
  | /** The request does not fit the schema. */ 'REQUEST_INVALID'
    /** No token, or a wrong one. */
  | 'UNAUTHORIZED'
  /** This is not allowed to you. */
  | 'FORBIDDEN'
  /** Jobs for this bucket are not accepted. */
  | 'BUCKET_NOT_ALLOWED'
  /** There is nothing here. */
  | 'NOT_FOUND'
  /** What is here cannot be asked for in that way. */
  | 'METHOD_NOT_ALLOWED'
  /** The request took too long to arrive. */
  | 'REQUEST_TIMEOUT'
  /** The Idempotency-Key was used with another body. */
  | 'IDEMPOTENCY_CONFLICT'
  /** The job is in a state in which this cannot be done. */
  | 'JOB_STATE_CONFLICT'
  /** The body is larger than accepted. */
  | 'BODY_TOO_LARGE'
  /** The body is not application/json. */
  | 'CONTENT_TYPE_UNSUPPORTED'
  /** The range lies outside the object. */
  | 'RANGE_NOT_SATISFIABLE'
  /** Too many requests; wait for Retry-After. */
  | 'RATE_LIMITED'
  /** The headers are larger than accepted. */
  | 'HEADERS_TOO_LARGE'
  /** Something failed that should not have. */
  | 'INTERNAL_ERROR'
  /** The queue cannot take the job now. */
  | 'QUEUE_UNAVAILABLE'
  /** The login provider (OIDC_ISSUER) does not answer. */
  | 'LOGIN_UNAVAILABLE'
  /** The source URL is not allowed. */
  | 'SOURCE_URL_REFUSED'
  /** The callback URL is not allowed. */
  | 'CALLBACK_URL_REFUSED'
  /** The source answers 404 or 410. */
  | 'SOURCE_NOT_FOUND'
  /** The source answers 401 or 403. */
  | 'SOURCE_FORBIDDEN'
  /** The source cannot be reached or answers an error. */
  | 'SOURCE_UNAVAILABLE'
  /** The source is too slow. */
  | 'SOURCE_TIMEOUT'
  /** The source ended before its announced length. */
  | 'SOURCE_TRUNCATED'
  /** The source changed while it was downloaded. */
  | 'SOURCE_CHANGED'
  /** The source is larger than accepted. */
  | 'SOURCE_TOO_LARGE'
  /** The source has no bytes. */
  | 'SOURCE_EMPTY'
  /** The source is not a ZIP archive that can be read. */
  | 'ARCHIVE_INVALID'
  /** The archive has no frames. */
  | 'ARCHIVE_EMPTY'
  /** The archive has too many entries. */
  | 'ARCHIVE_TOO_MANY_ENTRIES'
  /** The archive unpacks to more than accepted. */
  | 'ARCHIVE_TOO_LARGE'
  /** The archive has an entry that is not allowed. */
  | 'ARCHIVE_ENTRY_REFUSED'
  /** The archive is encrypted. */
  | 'ARCHIVE_ENCRYPTED'
  /** An entry does not match its checksum or size. */
  | 'ARCHIVE_CORRUPT'
  /** timing.json has an entry that makes no sense. */
  | 'ARCHIVE_TIMING_INVALID'
  /** timing.json names a frame that is not there. */
  | 'ARCHIVE_FRAME_MISSING'
  /** A frame is not a PNG or WebP image. */
  | 'ARCHIVE_FRAME_INVALID'
  /** The soundtrack cannot be read. */
  | 'ARCHIVE_AUDIO_INVALID'
  /** A picture has more pixels than accepted. */
  | 'MEDIA_FRAME_TOO_LARGE'
  /** The recording is longer than accepted. */
  | 'MEDIA_TOO_LONG'
  /** The source is not a video or sound file that is accepted. */
  | 'MEDIA_UNRECOGNIZED'
  /** The source is a playlist, which leads to other places, and not a recording. */
  | 'MEDIA_PLAYLIST_REFUSED'
  /** The source is in a codec that is not accepted. */
  | 'MEDIA_CODEC_REFUSED'
  /** The recording ends before its own index says. */
  | 'MEDIA_TRUNCATED'
  /** The media cannot be decoded. */
  | 'MEDIA_UNDECODABLE'
  /** FFmpeg encoding failed. */
  | 'ENCODE_FAILED'
  /** FFmpeg was killed. */
  | 'ENCODE_KILLED'
  /** FFmpeg made no progress. */
  | 'ENCODE_STALLED'
  /** The encoded file did not pass verification. */
  | 'ENCODE_OUTPUT_INVALID'
  /** The result does not fit options.maxBytes. */
  | 'ENCODE_OUTPUT_TOO_LARGE'
  /** The encode needs more memory than the worker has, even with the smallest plan. */
  | 'ENCODE_MEMORY_INSUFFICIENT'
  /** The store cannot be reached or answers an error. */
  | 'STORAGE_UNAVAILABLE'
  /** The store does not hold what was sent. */
  | 'STORAGE_MISMATCH'
  /** The store has no such bucket. */
  | 'STORAGE_BUCKET_MISSING'
  /** The store does not know DO_SPACES_KEY, or DO_SPACES_SECRET is not its secret. */
  | 'STORAGE_CREDENTIALS_REFUSED'
  /** DO_SPACES_KEY may not write to the bucket, or not make objects public there. */
  | 'STORAGE_FORBIDDEN'
  /** The clock of the worker and that of the store are too far apart. */
  | 'STORAGE_CLOCK_SKEWED'
  /** Under the key of a result lies something that is too large to be one of ours. */
  | 'STORAGE_KEY_TAKEN'
  /** The object key cannot be used in this store. */
  | 'STORAGE_KEY_REFUSED'
  /** A URL of upload is not allowed. */
  | 'UPLOAD_URL_REFUSED'
  /** A URL of upload does not take the result: wrong, for another request, or expired. */
  | 'UPLOAD_REFUSED'
  /** What a URL of upload leads to does not hold what was sent. */
  | 'UPLOAD_MISMATCH'
  /** What a URL of upload leads to cannot be reached or answers an error. */
  | 'UPLOAD_UNAVAILABLE'
  /** The worker has no disk space left. */
  | 'WORKER_DISK_FULL'
  /** The worker died with this job every time. */
  | 'WORKER_LOST'
  /** The worker failed in a way that it should not have. */
  | 'WORKER_INTERNAL'
  /** The job took longer than JOB_TIMEOUT_MS. */
  | 'JOB_TIMEOUT';

/** A newer Tapedeck may know more. */
export type ErrorCode = KnownErrorCode | (string & {});

/** What trying again does not change, although its status is one of those that pass. */
export const LASTING_FAULTS: ReadonlySet<string> = new Set<KnownErrorCode>([
  'STORAGE_BUCKET_MISSING',
  'STORAGE_CREDENTIALS_REFUSED',
  'STORAGE_FORBIDDEN',
  'WORKER_LOST',
  'JOB_TIMEOUT',
]);
