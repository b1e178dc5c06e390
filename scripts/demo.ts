import { setTimeout as sleep } from 'node:timers/promises';
import { isTapeOutput, type JobOutput, type JobView } from '@tapedeck/contracts';
import { drawBar } from '../apps/cli/src/progress/draw-bar.ts';
import { startLocalStack, type LocalStack } from './local-stack.ts';
import { runScript } from './run-script.ts';
import { SampleCaller } from './sample/caller.ts';
import { buildSampleTape } from './sample/tape.ts';
import { buildSampleVideo } from './sample/video.ts';

/**
 * `npm run demo`: everything for real, in front of your eyes. A tape and a video are made, served, posted, converted, and
 * their signed callbacks received and verified. Stays up until Ctrl-C; with `--exit` it ends by itself, exit code 0 only when all of it
 * was delivered.
 */
const TIMEOUT_MS = 120_000;
const BAR_CELLS = 25;

async function convertTape(stack: LocalStack, token: string, caller: SampleCaller): Promise<void> {
  step('make a tape: 90 PNG frames, timing.json, a soundtrack');
  const tape = await buildSampleTape();
  caller.serve('/auth0|demo/loop.zip', tape.zip);
  const output = await convert(stack, token, caller, {
    mongoId: 'demo-tape',
    bucket: 'demo',
    slug: 'loop',
    zipUrl: `${caller.url}/auth0|demo/loop.zip`,
    callbackUrl: `${caller.url}/callback`,
    metadata: { frameCount: tape.frameCount, totalDuration: tape.durationMs },
  });
  if (!isTapeOutput(output)) throw new Error('demo: the tape became something else');
  await show('MP4', output.mp4Url, 'video/mp4');
}

async function convertVideo(stack: LocalStack, token: string, caller: SampleCaller): Promise<void> {
  step('make a video: a test card of 1280x720 and a tone');
  caller.serve('/card.mp4', await buildSampleVideo());
  const output = await convert(stack, token, caller, {
    id: 'demo-video',
    bucket: 'demo',
    slug: 'card',
    videoUrl: `${caller.url}/card.mp4`,
    callbackUrl: `${caller.url}/callback`,
    ladder: 'mobile',
    options: { storyboard: true },
  });
  if (isTapeOutput(output)) throw new Error('demo: the video became something else');
  await show('HLS', output.hlsUrl, 'application/vnd.apple.mpegurl');
  for (const { name, playlistUrl } of output.renditions) await show(name, playlistUrl, 'application/vnd.apple.mpegurl');
}

/** Submits, watches, waits for the callback. */
async function convert(stack: LocalStack, token: string, caller: SampleCaller, body: object): Promise<JobOutput> {
  step('POST /convert');
  const jobId = await submit(stack, token, body);
  step(`job ${jobId}`);
  const job = await watchJob(stack, token, jobId);
  if (!job.output) throw new Error(`demo: the job ended as ${job.status}: ${job.error?.message ?? 'no reason'}`);
  const event = await caller.received(jobId);
  step('callback received, its signature is right:');
  console.log(JSON.stringify(event, null, 2).replace(/^/gm, '    '));
  await show('poster', job.output.posterUrl ?? '', 'image/jpeg');
  return job.output;
}

/** A result counts when its URL answers, and with the right type. */
async function show(what: string, url: string, contentType: string): Promise<void> {
  const { ok, status, headers } = await fetch(url, { method: 'HEAD' });
  if (!ok || headers.get('content-type') !== contentType) throw new Error(`demo: ${url} answers ${status}`);
  step(`${what.padEnd(7)} ${url}`);
}

async function submit(stack: LocalStack, token: string, body: object): Promise<string> {
  const answer = await fetch(`${stack.url}/convert`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
    },
    body: JSON.stringify(body),
  });
  const { jobId, detail } = (await answer.json()) as { jobId?: string; detail?: string };
  if (!jobId) throw new Error(`demo: POST /convert answers ${answer.status}: ${detail}`);
  return jobId;
}

async function watchJob(stack: LocalStack, token: string, jobId: string): Promise<JobView> {
  const deadline = Date.now() + TIMEOUT_MS;
  let shown = '';
  while (Date.now() < deadline) {
    const answer = await fetch(`${stack.url}/api/jobs/${jobId}`, { headers: { authorization: `Bearer ${token}` } });
    const job = (await answer.json()) as JobView;
    const line = `    ${drawBar(job.progress, BAR_CELLS)} ${String(job.progress).padStart(3)} %  ${job.phase ?? job.status}`;
    if (line !== shown) drawLine(line);
    shown = line;
    if (job.finishedAt) {
      if (process.stdout.isTTY) process.stdout.write('\n');
      return job;
    }
    await sleep(100);
  }
  throw new Error(`demo: job ${jobId} was not done after ${TIMEOUT_MS} ms`);
}

function drawLine(line: string): void {
  process.stdout.write(process.stdout.isTTY ? `\r${line.padEnd(60)}` : `${line}\n`);
}

function step(text: string): void {
  console.log(`  · ${text}`);
}

await runScript(async ({ signal, stopped }) => {
  // The sample's source and its receiver are on this machine.
  const env = { ...process.env, ALLOW_PRIVATE_NETWORK: 'true', LOG_LEVEL: process.env.LOG_LEVEL || 'warn' };
  const stack = await startLocalStack(env, { stopping: signal });
  const token = stack.token ?? process.env.MP4_SERVICE_TOKEN;
  const caller = new SampleCaller(stack.signingSecret);
  try {
    if (!token)
      throw new Error('demo: API_KEYS names keys whose tokens nobody knows; unset it, or set MP4_SERVICE_TOKEN');
    await caller.listen();
    console.log(`Tapedeck runs at ${stack.url}, its dashboard at ${stack.url}/admin`);
    let delivered = false;
    const demo = convertTape(stack, token, caller)
      .then(() => convertVideo(stack, token, caller))
      .then(() => {
        delivered = true;
      });
    await Promise.race([demo, stopped, stack.broken.then((error) => Promise.reject(error))]);
    // Stopped before it was done is not done.
    if (!delivered) process.exitCode = 130;
    if (!delivered || process.argv.includes('--exit')) return;
    console.log(`\nStays up at ${stack.url} until Ctrl-C. Its token is in ${stack.dataDir}/secrets.json.`);
    if (stack.adminPassword) console.log(`Look at it:  ${stack.url}/admin   password ${stack.adminPassword}`);
    await Promise.race([stopped, stack.broken.then((error) => Promise.reject(error))]);
  } finally {
    await caller.close();
    await stack.stop();
  }
});
