import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { History } from './history.ts';
import type { Random } from './random.ts';
import { BUCKET, TOKEN, type World } from './world.ts';

/** More would only wait. */
const MAX_UNTOLD = 12;
const REQUEST_TIMEOUT_MS = 10_000;

interface Answer {
  status: number;
  body: { jobId?: string };
}

/** Callers that submit, and operators who steer, until the signal. They do what callers do: what failed is sent again. */
export async function runClients(world: World, history: History, random: Random, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const untold = [...history.promised.keys()].filter((jobId) => !isTold(world, jobId));
    if (untold.length < MAX_UNTOLD) await submit(world, history, random);
    await steer(world, history, random);
    await sleep(random.between(50, 600), undefined, { signal }).catch(() => undefined);
  }
}

export function isTold({ receiver }: World, jobId: string): boolean {
  return receiver.received.some(({ event, status }) => event.jobId === jobId && status < 300);
}

async function submit(world: World, history: History, random: Random): Promise<void> {
  const kind = random.isTrue(0.75) ? 'tape' : 'hls';
  const isBroken = random.isTrue(0.1);
  const { source, receiver } = world;
  const slug = `${kind}-${randomUUID()}`;
  const common = { bucket: BUCKET, slug, callbackUrl: receiver.url, metadata: { slug } };
  const sourceUrl = isBroken ? source.brokenUrl : kind === 'tape' ? source.tapeUrl : source.videoUrl;
  const body =
    kind === 'tape'
      ? { ...common, mongoId: slug, zipUrl: sourceUrl, options: { scale: 1, preset: 'ultrafast' } }
      : { ...common, id: slug, videoUrl: sourceUrl };
  const idempotencyKey = random.isTrue(0.5) ? slug : undefined;
  const headers: Record<string, string> = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
  // Some are sent twice at once, as a function does that was started twice.
  const senders = Array.from({ length: random.isTrue(0.2) ? 2 : 1 }, () => random.pick(world.apiUrls));
  await Promise.all(
    senders.map(async (apiUrl) => {
      for (let tries = 0; tries < 3; tries += 1) {
        const answer = await send('POST', `${apiUrl}/convert`, body, headers);
        history.note(`submit ${answer?.status ?? 'without answer'}`, { slug, ...answer?.body });
        if (answer && (answer.status === 202 || answer.status === 200)) {
          return history.promise({ jobId: answer.body.jobId!, kind, idempotencyKey });
        }
        await sleep(300);
      }
    }),
  );
}

const STEPS = ['cancel', 'retry', 'callback', 'delete'] as const;

async function steer(world: World, history: History, random: Random): Promise<void> {
  const job = random.pick([...history.promised.values()].slice(-30));
  if (!job || !random.isTrue(0.25)) return;
  const step = random.pick(STEPS);
  const { jobId } = job;
  const url = `${random.pick(world.apiUrls)}/api/jobs/${jobId}`;
  // Before the answer: what is asked for may happen, whatever comes back.
  if (step === 'retry') job.retries += 1;
  if (step === 'delete') job.mayBeDeleted = true;
  const answer = await (step === 'delete'
    ? send('DELETE', `${url}?delete_files=${random.isTrue(0.5)}`)
    : send('POST', `${url}/${step}`));
  history.note(`${step} ${answer?.status ?? 'without answer'}`, { jobId });
  const isRefused = answer !== undefined && [404, 409].includes(answer.status);
  if (step === 'retry' && isRefused) job.retries -= 1;
}

async function send(
  method: string,
  url: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer | undefined> {
  try {
    const answer = await fetch(url, {
      ...{ method, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) },
      headers: { authorization: `Bearer ${TOKEN}`, ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  } catch {
    return undefined;
  }
}
