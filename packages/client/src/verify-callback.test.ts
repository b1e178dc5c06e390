import { describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { TapedeckError } from './tapedeck-error.ts';
import { verifyCallback } from './verify-callback.ts';

const newSecret = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
};
const [secret, other] = [newSecret(), newSecret()];
const now = new Date('2026-11-22T12:00:00Z');
const body = '{"jobId":"tape_1","status":"canceled","title":"ünïcode","later":1}';
const event = { eventId: 'evt_1', jobId: 'tape_1', status: 'canceled', title: 'ünïcode', later: 1 };

/** As Tapedeck sends it, by the reference library. */
function sign(text = body, at = now, by: readonly string[] = [secret]): Record<string, string> {
  return {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': by.map((each) => new Webhook(each).sign('evt_1', at, text)).join(' '),
  };
}
const secondsAway = (sec: number): Date => new Date(now.getTime() + sec * 1000);
const post = (content: string | ReadableStream<Uint8Array>, headers = sign()): Request =>
  new Request('https://site.example/done', { method: 'POST', headers, body: content, duplex: 'half' });

async function codeOf(verified: Promise<unknown>): Promise<unknown> {
  return verified.then(
    () => 'verified',
    (error: unknown) => (error instanceof TapedeckError ? error.code : error),
  );
}

describe('a callback that Tapedeck signed', () => {
  const upperCase = Object.fromEntries(Object.entries(sign()).map(([name, value]) => [name.toUpperCase(), [value]]));
  test.each([
    ['a Request', () => post(body)],
    ['headers of the Fetch API and text', () => ({ headers: new Headers(sign()), body })],
    ['headers of Node and bytes', () => ({ headers: sign(), body: new TextEncoder().encode(body) })],
    ['headers of a gateway, in capitals and lists', () => ({ headers: upperCase, body })],
  ])('is verified as %s', async (_what, request) => {
    expect(await verifyCallback(request(), secret, { now })).toEqual(event);
  });

  test.each([
    ['the new one', [secret, other], [secret]],
    ['the old one', [other], [secret, other]],
    ['both, as CALLBACK_SIGNING_SECRET has them', [secret, other], [`${secret} ${other}`]],
  ])('is verified while rotating with %s', async (_what, signing, known) => {
    expect(await verifyCallback(post(body, sign(body, now, signing)), known, { now })).toEqual(event);
  });

  test.each([-300, 300])('is verified %s s from now', async (sec) => {
    expect(await codeOf(verifyCallback(post(body, sign(body, secondsAway(sec))), secret, { now }))).toBe('verified');
  });

  test('that is a test of the operators is told apart', async () => {
    const text = JSON.stringify({ jobId: 'test_1', status: 'test', message: 'hello' });
    const told = await verifyCallback(post(text, sign(text)), secret, { now });
    expect(told.status === 'test' && told.message).toBe('hello');
  });

  test('needs no time of its own where the clock is right', async () => {
    expect(await codeOf(verifyCallback(post(body, sign(body, new Date())), secret))).toBe('verified');
  });
});

describe('a callback is refused', () => {
  test.each([-301, 301])('%s s from now', async (sec) => {
    const late = verifyCallback(post(body, sign(body, secondsAway(sec))), secret, { now });
    expect(await codeOf(late)).toBe('CALLBACK_EXPIRED');
  });

  test('whose tolerance is no number', async () => {
    expect(await codeOf(verifyCallback(post(body), secret, { now, toleranceSec: NaN }))).toBe('CALLBACK_EXPIRED');
  });

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('without %s, which is named', async (name) => {
    const { [name]: _, ...rest } = sign();
    const refused = verifyCallback({ headers: rest, body }, secret, { now });
    await expect(refused).rejects.toMatchObject({
      code: 'CALLBACK_HEADER_INVALID',
      message: expect.stringContaining(name),
    });
  });

  test.each([
    ['webhook-timestamp', '1e9'],
    ['webhook-timestamp', '-5'],
    ['webhook-signature', 'v1,'],
    ['webhook-signature', 'v1a,' + 'A'.repeat(43) + '='],
  ])('with %s: %s', async (name, value) => {
    const refused = verifyCallback({ headers: { ...sign(), [name]: value }, body }, secret, { now });
    expect(await codeOf(refused)).toBe('CALLBACK_HEADER_INVALID');
  });

  test.each([
    ['another body', { body: `${body} ` }],
    ['another id', { headers: { ...sign(), 'webhook-id': 'evt_2' } }],
    ['another time', { headers: { ...sign(), 'webhook-timestamp': String(now.getTime() / 1000 + 1) } }],
    ['another secret', { headers: sign(body, now, [other]) }],
  ])('with the signature of %s', async (_what, changes) => {
    const refused = verifyCallback({ headers: sign(), body, ...changes }, secret, { now });
    expect(await codeOf(refused)).toBe('CALLBACK_SIGNATURE_WRONG');
  });

  test.each([
    ['none', []],
    ['an empty one', ''],
    ['one that is not base64', 'whsec_!!'],
    ['one without its prefix', secret.slice(6)],
    ['one that is empty behind its prefix', [secret, 'whsec_']],
  ])('with %s for a secret, which is never shown', async (_what, secrets) => {
    const refused = verifyCallback(post(body), secrets, { now });
    await expect(refused).rejects.toMatchObject({ code: 'CALLBACK_SECRET_INVALID' });
    await expect(refused).rejects.not.toThrow(secret.slice(6));
  });

  test.each([
    ['text that is no JSON', 'hello'],
    ['JSON that is no event', '[1]'],
    ['nothing', ''],
  ])('that is signed, but is %s', async (_what, text) => {
    expect(await codeOf(verifyCallback(post(text, sign(text)), secret, { now }))).toBe('CALLBACK_BODY_INVALID');
  });

  test.each([undefined, {}, { headers: null, body: '' }])('that is none: %j', async (request) => {
    const refused = Reflect.apply(verifyCallback, undefined, [request, secret]) as Promise<unknown>;
    expect(await codeOf(refused)).toBe('ARGUMENT_INVALID');
  });

  test('whose body was read, or parsed, before', async () => {
    const read = post(body);
    await read.text();
    expect(await codeOf(verifyCallback(read, secret, { now }))).toBe('CALLBACK_BODY_INVALID');
    // As a framework hands it over that has parsed it, whatever its types say.
    const parsed = Object.assign({ headers: sign(), body: '' }, { body: event });
    expect(await codeOf(verifyCallback(parsed, secret, { now }))).toBe('CALLBACK_BODY_INVALID');
  });

  test('whose body breaks off, which may come whole the next time', async () => {
    const reset = new Error('the connection was reset');
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(reset) });
    const refused = verifyCallback(post(broken), secret, { now });
    await expect(refused).rejects.toMatchObject({
      ...{ name: 'TapedeckError', code: 'CALLBACK_BODY_INVALID', retryable: true },
      cause: reset,
    });
  });

  test('whose body somebody else is reading', async () => {
    const read = post(body);
    read.body!.getReader();
    expect(await codeOf(verifyCallback(read, secret, { now }))).toBe('CALLBACK_BODY_INVALID');
  });

  test('of more than a mebibyte, of which no more is read', async () => {
    let pulls = 0;
    let isCanceled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls += 1;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
      cancel() {
        isCanceled = true;
      },
    });
    expect(await codeOf(verifyCallback(post(endless), secret, { now }))).toBe('CALLBACK_BODY_TOO_LARGE');
    expect(await codeOf(verifyCallback({ headers: sign(), body: 'x'.repeat(2 ** 20 + 1) }, secret, { now }))).toBe(
      'CALLBACK_BODY_TOO_LARGE',
    );
    expect({ isCanceled, pulledEnough: pulls <= 20 }).toEqual({ isCanceled: true, pulledEnough: true });
  });
});
