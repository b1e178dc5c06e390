import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { LookupAddress } from 'node:dns';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGuardedAgent, download, putToPresignedUrl, sendCallback, type UrlPolicy } from '@tapedeck/transfer';
import { startCanary, type Canary } from '../support/canary.ts';
import { startSourceServer, type SourceServer } from '../support/source-server.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** What goes out, and where to. A canary listens on loopback, and nobody may connect to it. */
type Agent = ReturnType<typeof createGuardedAgent>;
/** Public as far as anybody can tell, and handed out to nobody: packets to it go nowhere. */
const NOWHERE = '2d00::1';
const LOOPBACK = '127.0.0.1';

let canary: Canary;
let source: SourceServer;
let temp: TempDir;
let policy: UrlPolicy;
const lenient: UrlPolicy = { allowPrivateNetwork: true, allowedPorts: [] };
const lenientAgent = createGuardedAgent(lenient);
const agents: Agent[] = [lenientAgent];
beforeAll(async () => {
  canary = await startCanary();
  source = await startSourceServer();
  temp = await createTempDir('guarded');
  policy = { allowPrivateNetwork: false, allowedPorts: [443, canary.port] };
});
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.destroy()));
  await Promise.all([canary.stop(), source.stop(), temp.remove()]);
});

/** With a resolver of ours: the nth question has the nth answer, and the last one from then on. */
function createAgent(...answers: string[][]): { agent: Agent; asked: string[] } {
  const asked: string[] = [];
  const agent = createGuardedAgent(policy, {
    connectTimeoutMs: 500,
    resolve: (hostname, _options, callback) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
      asked.push(hostname);
      callback(null, answer.map(toLookupAddress));
    },
  });
  agents.push(agent);
  return { agent, asked };
}

function toLookupAddress(address: string): LookupAddress {
  return { address, family: address.includes(':') ? 6 : 4 };
}

type Dispatcher = Parameters<typeof download>[2]['agent'];
interface Network {
  agent: Dispatcher;
  policy: UrlPolicy;
}

const signal = AbortSignal.timeout(60_000);
const fetchFrom = (url: string, network: Network, limits = {}) =>
  download(url, join(temp.dir, 'file'), {
    ...{ ...network, maxBytes: 1_000_000, signal },
    limits: { retryDelayMs: 20, notYetMs: 100, maxFailures: 1, ...limits },
  });
const callBack = (callbackUrl: string, network: Network) =>
  sendCallback(
    { ...network, secrets: ['whsec_c2VjcmV0'], authToken: 'secret', timeoutMs: 5_000, userAgent: 'tapedeck' },
    { callbackUrl, eventId: 'evt_1', body: '{}' },
    signal,
  );
const putTo = async (putUrl: string, network: Network) => {
  const path = join(temp.dir, 'out.mp4');
  await writeFile(path, 'bytes');
  const upload = { putUrl, path, sizeBytes: 5, assertMayPublish: () => Promise.resolve() };
  return putToPresignedUrl(upload, { ...network, signal, limits: { retryDelaysMs: [] } });
};

test('the canary is there, and a connection is counted', async () => {
  const lively = await startCanary();
  const url = `http://127.0.0.1:${lively.port}/`;
  await expect(fetchFrom(url, { agent: lenientAgent, policy: lenient })).rejects.toThrow();
  expect(lively.connections).toBe(1);
  await lively.stop();
});

describe('but it is never connected to', () => {
  afterEach(() => expect(canary.connections).toBe(0));

  test.each<[string, string[]]>([
    ['loopback', [LOOPBACK]],
    ['loopback behind a public address', [NOWHERE, LOOPBACK]],
    ['loopback before a public address', [LOOPBACK, NOWHERE]],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['a mapped address behind a public one', [NOWHERE, '::ffff:7f00:1']],
    ['an address of NAT64', ['64:ff9b::7f00:1']],
    ['an address with a zone', ['fe80::1%lo']],
    ['nothing', []],
  ])('when a name resolves to %s', async (_what, answer) => {
    const url = `https://rebind.example:${canary.port}/a`;
    const { agent } = createAgent(answer);
    const why = 'its name resolves to an address that is not public';
    const refused = (code: string) => ({ code, retryable: false, message: expect.stringContaining(why) });
    await expect(fetchFrom(url, { agent, policy })).rejects.toMatchObject(refused('SOURCE_URL_REFUSED'));
    await expect(callBack(url, { agent, policy })).rejects.toMatchObject(refused('CALLBACK_URL_REFUSED'));
    await expect(putTo(url, { agent, policy })).rejects.toMatchObject(refused('UPLOAD_URL_REFUSED'));
  });

  test('when the answer for a name changes after it was checked: a connection has one lookup', async () => {
    const url = `https://rebind.example:${canary.port}/a`;
    const { agent, asked } = createAgent([NOWHERE], [LOOPBACK]);
    await expect(fetchFrom(url, { agent, policy })).rejects.toMatchObject({
      code: expect.stringMatching(/^SOURCE_(UNAVAILABLE|TIMEOUT)$/),
    });
    expect(asked).toEqual(['rebind.example']);
    await expect(fetchFrom(url, { agent, policy })).rejects.toMatchObject({ code: 'SOURCE_URL_REFUSED' });
    expect(asked).toHaveLength(2);
  });

  test.each([
    ['http', '127.0.0.1'],
    ['https', '127.0.0.1'],
    ['https', '2130706433'],
    ['https', '0x7f.1'],
    ['https', '[::ffff:127.0.0.1]'],
    ['https', 'localhost'],
    ['https', 'intranet.'],
    ['http', 'example.com'],
  ])('by the agent alone, which nobody asked whether %s://%s is allowed', async (scheme, host) => {
    const { agent, asked } = createAgent([LOOPBACK]);
    const origin = `${scheme}://${host}:${canary.port}`;
    await expect(agent.request({ origin, path: '/', method: 'GET' })).rejects.toMatchObject({
      code: 'ADDRESS_REFUSED',
    });
    expect(asked).toEqual([]);
  });

  test('by the agent alone on another port', async () => {
    const { agent } = createAgent([NOWHERE]);
    const asking = agent.request({ origin: 'https://example.com:22', path: '/', method: 'GET' });
    await expect(asking).rejects.toMatchObject({ message: `expected port 443 or ${canary.port}, got 22` });
  });

  test('when a resolver never answers, and nobody waits for it', async () => {
    const agent = createGuardedAgent(policy, { connectTimeoutMs: 100, resolve: () => undefined });
    agents.push(agent);
    await expect(fetchFrom('https://slow.example/', { agent, policy })).rejects.toMatchObject({
      code: 'SOURCE_TIMEOUT',
    });
  });

  describe('when a source redirects', () => {
    const PUBLIC = 'https://source.example';
    /** The guarded agent, but one public host can be reached: our source server. */
    const createWorld = (): Network => {
      const { agent } = createAgent([LOOPBACK]);
      const world = agent.compose(
        (dispatch) => (options, handler) =>
          String(options.origin) === PUBLIC
            ? lenientAgent.dispatch({ ...options, origin: source.url }, handler)
            : dispatch(options, handler),
      );
      return { agent: world, policy };
    };
    const redirect = (path: string, location: string): void => {
      source.serve(path, (_request, response) => void response.writeHead(302, { location }).end());
    };

    test.each([
      'http://source.example/a',
      'http://127.0.0.1:{port}/',
      'https://127.0.0.1:{port}/',
      '//127.0.0.1:{port}/',
      '\\\\127.0.0.1:{port}\\',
      'https://2130706433:{port}/',
      'https://0x7f.1:{port}/',
      'https://0177.0.0.1:{port}/',
      'https://[::ffff:127.0.0.1]:{port}/',
      'https://localhost:{port}/',
      'https://rebind.example:{port}/',
      'https://source.example@127.0.0.1:{port}/',
      'https://user:pass@source.example/',
      'https://source.example:22/',
      'file:///etc/passwd',
      'data:text/plain,x',
    ])('to %s', async (target) => {
      redirect('/first', '/second');
      redirect('/second', target.replace('{port}', String(canary.port)));
      await expect(fetchFrom(`${PUBLIC}/first`, createWorld())).rejects.toMatchObject({ code: 'SOURCE_URL_REFUSED' });
    });

    test('four times', async () => {
      source.serve('/r0', Buffer.from('bytes'));
      for (const nth of [1, 2, 3, 4]) redirect(`/r${nth}`, `${PUBLIC}/r${nth - 1}`);
      expect(await fetchFrom(`${PUBLIC}/r3`, createWorld())).toEqual({ sizeBytes: 5 });
      await expect(fetchFrom(`${PUBLIC}/r4`, createWorld())).rejects.toMatchObject({ code: 'SOURCE_URL_REFUSED' });
    });
  });

  test.each([301, 302, 303, 307, 308])(
    'when a receiver or an upload answers %i, even where it might',
    async (status) => {
      const url = source.serve('/moved', (request, response) => {
        const location = `http://127.0.0.1:${canary.port}/`;
        request.resume().on('end', () => response.writeHead(status, { location }).end());
      });
      const network = { agent: lenientAgent, policy: lenient };
      expect(await callBack(url, network)).toMatchObject({ httpStatus: status });
      await expect(putTo(url, network)).rejects.toMatchObject({ code: 'UPLOAD_REFUSED' });
    },
  );
});
