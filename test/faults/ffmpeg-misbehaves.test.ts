import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCode } from '@tapedeck/contracts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { createMisbehavingTools, type MisbehavingTools } from '../support/misbehaving-tools.ts';
import { poll } from '../support/poll.ts';
import { readFiles } from '../support/read-files.ts';
import { findProcessesIn, hlsOutput, startStack, tapeOutput, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';

let tools: MisbehavingTools;
let stack: Stack;
let zipUrl: string;
let videoUrl: string;
beforeAll(async () => {
  tools = await createMisbehavingTools();
  // Longer than FFmpeg takes to its first picture on a busy machine.
  stack = await startStack({ env: { ...tools.env, JOB_ATTEMPTS: '1', JOB_STUCK_AFTER_MS: '2500' } });
  zipUrl = stack.source.serve('/tape.zip', (await buildTape({ soundtrack: true })).zip);
  videoUrl = stack.source.serve('/video.mp4', await buildSampleVideo({ width: 160, height: 90, durationSec: 2 }));
});
afterEach(() => tools.behave('ffmpeg'));
afterAll(async () => {
  await stack?.stop();
  await tools?.remove();
});

let runs = 0;
const submitTape = (slug: string): Promise<string> =>
  submit(stack, stack.tapeRequest(zipUrl, { slug, mongoId: `run-${++runs}`, options: { scale: 1 } }));
const submitVideo = (slug: string): Promise<string> => {
  const ladder = [{ name: 'low', height: 90 }];
  return submit(stack, stack.videoRequest(videoUrl, { slug, ladder, storyboard: true, id: `run-${++runs}` }));
};

interface Case {
  code: ErrorCode;
  /** Of the error's message, so that it is known which guard it was. */
  says: string;
  does: string;
  when?: string;
}

/** Only encodes report their progress. */
const ENCODE = '-progress';
const POSTER = 'file:poster.jpg';

async function expectFailure(jobId: string, { code, says }: Case, before: Record<string, string>): Promise<void> {
  const { status, output, error } = await stack.finished(jobId);
  expect({ status, output, code: error?.code }).toEqual({ status: 'failed', output: null, code });
  expect(error!.message).toContain(says);
  const [callback] = await stack.receiver.waitFor(jobId);
  expect(callback).toMatchObject({ verified: true, event: { status: 'error', code, error: error!.message } });
  expect(callback!.body).not.toContain(stack.workDir);
  expect(await readFiles(stack.dataDir)).toEqual(before);
  const [root] = await readdir(stack.workDir);
  expect(await readdir(join(stack.workDir, root!))).toEqual(['alive']);
  const findNothing = async () => ((await findProcessesIn(stack.workDir)).length === 0 ? true : undefined);
  await poll('every process of the attempt to end', findNothing, 2_000);
}

/** The real MP4, of which only so many bytes are left. */
const leave = (bytes: number): string => `"$real" "\${args[@]}"; truncate -s ${bytes} out.mp4; exit 0`;
const say = (text: string): string => `"$real" "\${args[@]}"; echo '${text}' >&2; exit 0`;
const NO_SPACE = 'av_interleaved_write_frame(): No space left on device';

const TAPE_CASES: Record<string, Case> = {
  'reports the same progress for ever': {
    code: 'ENCODE_STALLED',
    says: 'no progress',
    does: `while sleep 0.2; do printf 'frame=1\\nout_time_us=1\\ntotal_size=48\\nprogress=continue\\n' >&3; done`,
  },
  'is frozen and hears no SIGTERM': { code: 'ENCODE_STALLED', says: 'no progress', does: 'kill -STOP $$' },
  crashes: {
    code: 'ENCODE_FAILED',
    says: 'malloc of size 42 failed',
    does: 'echo malloc of size 42 failed >&2; exit 1',
  },
  'crashes and leaves a child behind': {
    code: 'ENCODE_FAILED',
    says: 'exit code 1',
    does: 'sleep 1000 >/dev/null 2>&1 3>&- & exit 1',
  },
  'is killed': { code: 'ENCODE_KILLED', says: 'SIGKILL', does: 'kill -9 $$' },
  'exits 0 and writes nothing': { code: 'ENCODE_OUTPUT_INVALID', says: 'not written', does: 'exit 0' },
  'exits 0 and writes 0 bytes': { code: 'ENCODE_OUTPUT_INVALID', says: 'got 0', does: leave(0) },
  'exits 0 and writes 26 bytes': { code: 'ENCODE_OUTPUT_INVALID', says: 'got 26', does: leave(26) },
  'exits 0 and writes 48 bytes': { code: 'ENCODE_OUTPUT_INVALID', says: 'got 48', does: leave(48) },
  'exits 0 and loses the end of the file': { code: 'ENCODE_OUTPUT_INVALID', says: 'fill the file', does: leave(3_000) },
  'exits 0 and leaves moov at the end': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'moov before mdat',
    does: 'before_output -movflags 0',
  },
  'exits 0 with a valid MP4 that is too short': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'pictures: expected 14',
    does: 'args=(-t 0.2 "${args[@]}")',
  },
  'exits 0 with a valid MP4 that is too fast': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'duration',
    does: 'half=setts=pts=PTS/2:dts=DTS/2:duration=DURATION/2; before_output -bsf:v "$half" -bsf:a "$half"',
  },
  'exits 0 with a valid MP4 without its sound': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'audio tracks',
    does: 'before_output -an',
  },
  'exits 0 with a valid MP4 of another size': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'picture size',
    does: 'before_output -s 32x24',
  },
  'exits 0 and says that the disk is full': { code: 'WORKER_DISK_FULL', says: 'encoding', does: say(NO_SPACE) },
  'exits 0 and says it before much else': {
    code: 'WORKER_DISK_FULL',
    says: 'encoding',
    does: say(`${NO_SPACE}\n${'Error muxing a packet\n'.repeat(50)}`),
  },
  'exits 0 and writes no poster': { code: 'ENCODE_OUTPUT_INVALID', says: 'poster', when: POSTER, does: 'exit 0' },
  'exits 0 and says that it could not write': {
    code: 'ENCODE_FAILED',
    says: 'Input/output error',
    does: say('[out#0/mp4] Error writing trailer: Input/output error'),
  },
};

describe('a tape whose FFmpeg', () => {
  let before: Record<string, string>;
  beforeAll(async () => {
    tapeOutput(await stack.finished(await submitTape('kept')));
  });
  beforeEach(async () => {
    before = await readFiles(stack.dataDir);
    expect(before).toHaveProperty(['storage/tapes/kept.mp4']);
  });

  test.each(Object.entries(TAPE_CASES))('%s fails, and the result before it stays', async (_name, how) => {
    await tools.misbehave('ffmpeg', { when: how.when ?? ENCODE, does: how.does });
    await expectFailure(await submitTape('kept'), how, before);
  });

  test.each(['exits 0 and writes 26 bytes', 'exits 0 with a valid MP4 that is too short'] as const)(
    '%s leaves nothing where nothing was',
    async (name) => {
      const how = TAPE_CASES[name]!;
      await tools.misbehave('ffmpeg', { when: how.when ?? ENCODE, does: how.does });
      await expectFailure(await submitTape('new'), how, before);
    },
  );

  test('behaves again is converted by the same worker', async () => {
    expect(tapeOutput(await stack.finished(await submitTape('kept')))).toMatchObject({ resolution: [64, 48] });
  });
});

/** The real stream, and then something happens to it. */
const spoil = (how: string): string => `"$real" "\${args[@]}"; ${how}; exit 0`;

const HLS_CASES: Record<string, Case> = {
  crashes: { code: 'ENCODE_FAILED', says: 'exit code 1', does: 'exit 1' },
  'is killed': { code: 'ENCODE_KILLED', says: 'SIGKILL', does: 'kill -9 $$' },
  'exits 0 and writes nothing': { code: 'ENCODE_OUTPUT_INVALID', says: 'segments', does: 'exit 0' },
  'exits 0 with an empty playlist': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'playlist.m3u8: segments',
    does: spoil('truncate -s 0 low/playlist.m3u8'),
  },
  'exits 0 with an empty playlist, and complains of the source': {
    code: 'MEDIA_UNDECODABLE',
    says: 'nothing of it',
    does: spoil('truncate -s 0 low/playlist.m3u8; echo "[h264 @ 0x1] no frame!" >&2'),
  },
  'exits 0 and writes no segment': { code: 'ENCODE_OUTPUT_INVALID', says: 'a segment', does: spoil('rm low/*.ts') },
  'exits 0 and writes an empty segment': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'a segment',
    does: spoil('truncate -s 0 low/*.ts'),
  },
  'exits 0 and loses part of a packet': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'whole transport packets',
    does: spoil('truncate -s -100 low/*.ts'),
  },
  'exits 0 and loses the second half of the segment': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'low: track',
    does: spoil('truncate -s $(($(stat -c %s low/*.ts) / 376 * 188)) low/*.ts'),
  },
  'exits 0 and writes no poster': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'poster',
    does: spoil('rm candidate*'),
  },
  'exits 0 with half a storyboard': {
    code: 'ENCODE_OUTPUT_INVALID',
    says: 'storyboard.jpg',
    does: spoil('truncate -s 100 storyboard.jpg'),
  },
  'exits 0 and says that the disk is full': { code: 'WORKER_DISK_FULL', says: 'encoding', does: say(NO_SPACE) },
};

describe('a video whose FFmpeg', () => {
  let before: Record<string, string>;
  beforeAll(async () => {
    hlsOutput(await stack.finished(await submitVideo('kept')));
  });
  beforeEach(async () => {
    before = await readFiles(stack.dataDir);
    expect(before).toHaveProperty(['storage/media/kept/master.m3u8']);
  });

  test.each(Object.entries(HLS_CASES))('%s fails, and the stream before it stays', async (_name, how) => {
    await tools.misbehave('ffmpeg', { when: how.when ?? ENCODE, does: how.does });
    await expectFailure(await submitVideo('kept'), how, before);
  });

  test('behaves again is converted by the same worker', async () => {
    expect(hlsOutput(await stack.finished(await submitVideo('kept')))).toMatchObject({ resolution: [160, 90] });
  });
});
