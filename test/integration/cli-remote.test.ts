import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { JobView } from '@tapedeck/contracts';
import { startLongJob } from '../support/long-job.ts';
import { poll } from '../support/poll.ts';
import { framesOf, SHOW_CURSOR, startOnTerminal } from '../support/pseudo-terminal.ts';
import { runCli, startCli, type RunningCli } from '../support/run-cli.ts';
import { runSource } from '../support/source-process.ts';
import { startStack, tapeOutput, TOKEN, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

jest.setTimeout(120_000);

/** `tapedeck` as a caller has it: the address of a service, and a token. */
let stack: Stack;
let temp: TempDir;
let zip: Buffer;
let env: Record<string, string>;
beforeAll(async () => {
  [stack, temp] = await Promise.all([startStack(), createTempDir('cli')]);
  zip = (await buildTape({ width: 32, height: 24, durationsMs: [100, 100, 100] })).zip;
  env = { PATH: process.env.PATH!, TAPEDECK_URL: stack.url, TAPEDECK_TOKEN: TOKEN };
}, 60_000);
afterAll(async () => {
  await Promise.all([stack.stop(), temp.remove()]);
});

const tape = (args: readonly string[] = []) => [
  ...['submit', stack.source.serve(`/${crypto.randomUUID()}/wand 1.zip`, zip), '--bucket', 'tapes'],
  ...['--callback', stack.receiver.url, ...args],
];
const tapedeck = (...args: string[]) => runCli(args, env);
const onTerminal = (args: readonly string[], columns?: number) =>
  startOnTerminal([process.execPath, ...runSource('apps/cli/src/main.ts', ...args)], {
    env,
    ...(columns && { columns }),
  });
const idOf = (stdout: string) => /tape_[\w-]+/.exec(stdout)![0];

describe('submit', () => {
  test('names the result after the file, and waits for it', async () => {
    const { stdout, stderr, exitCode } = await tapedeck(...tape(['--wait', '--metadata', '{"piece":"wand"}']));
    expect(exitCode).toBe(0);
    const job = await stack.job(idOf(stdout));
    expect(job).toMatchObject({
      status: 'completed',
      slug: 'wand 1',
      reference: 'wand 1',
      metadata: { piece: 'wand' },
    });
    const [accepted, ...rest] = stdout.split('\n');
    expect(accepted).toMatch(new RegExp(`^accepted   ${job.jobId}(?:  number 1 in the queue)?$`));
    const { mp4Url, posterUrl } = tapeOutput(job);
    expect(rest).toEqual([`completed  ${job.jobId}  wand 1`, `  ${mp4Url}`, `  ${posterUrl}`, '']);
    // No terminal: a line for a phase, and nothing that moves a cursor.
    expect(stderr).toMatch(/^(?:[a-z]+\n)+$/);
  });

  test('in JSON says nothing but JSON, to the end', async () => {
    const { rows, stderr, exitCode } = await tapedeck(...tape(['--slug', 'json', '--id', 'j', '--wait', '--json']));
    const [accepted, ...jobs] = rows<JobView>();
    expect(accepted).toMatchObject({ kind: 'tape', statusUrl: expect.stringContaining('/api/jobs/') });
    expect(jobs.at(-1)).toMatchObject({ jobId: accepted!.jobId, status: 'completed', progress: 100 });
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  });

  test('of a job that fails ends with 1, and the code that the callback has', async () => {
    const url = stack.source.serve('/broken.zip', Buffer.from('no zip'));
    const { stdout, exitCode } = await tapedeck(
      'submit',
      url,
      '--bucket',
      'tapes',
      '--callback',
      stack.receiver.url,
      '--wait',
    );
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^failed +tape_\S+ {2}broken: ARCHIVE_INVALID: /m);
  });

  test.each([
    [['--crf', '99'], '--crf: Too big: expected number to be <=51, got 99'],
    [['--crf', 'low'], '--crf: expected a number, got "low"'],
    [['--ladder', 'web'], '--ladder: expected only with a video'],
    [['--metadata', '{'], '--metadata: expected a JSON object, got "{"'],
    [['--metadata', '@/no/file'], '--metadata: expected a file that can be read, got "/no/file" (ENOENT)'],
    [['--preset', 'best'], "error: option '--preset <name>' argument 'best' is invalid. Allowed choices are"],
    [['--sped'], "error: unknown option '--sped'"],
  ])('refuses %j before it asks anybody, and names it', async (args, message) => {
    const { stdout, stderr, exitCode } = await runCli(tape(args), { ...env, TAPEDECK_URL: 'http://127.0.0.1:1' });
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toContain(message);
  });

  test('of many tells each line, and sends those that fit in their order', async () => {
    const line = (slug: string, changes: object = {}) =>
      JSON.stringify(stack.tapeRequest(stack.source.serve(`/${slug}.zip`, zip), { slug, ...changes }));
    const upload = { putUrl: 'https://user:word@store.example/many.mp4' };
    const lines = [
      line('many-a'),
      '',
      '{"slug":',
      line('many-b'),
      JSON.stringify({ zipUrl: 'https://x.example/y.zip' }),
      line('many-refused', { upload }),
      line('many-c'),
    ];
    const path = join(temp.dir, 'many.ndjson');
    await writeFile(path, lines.join('\n'));
    const { stdout, exitCode } = await tapedeck('submit', '--batch', path, '--wait');
    expect(exitCode).toBe(1);
    const told = stdout.split('\n');
    expect(told.slice(0, 7)).toEqual([
      expect.stringMatching(/^accepted {3}line 1: tape_/),
      'refused    line 3: REQUEST_INVALID: expected a request as a JSON object',
      expect.stringMatching(/^accepted {3}line 4: tape_/),
      expect.stringMatching(/^refused {4}line 5: REQUEST_INVALID: .*bucket: /),
      expect.stringMatching(/^refused {4}line 6: UPLOAD_URL_REFUSED: /),
      expect.stringMatching(/^accepted {3}line 7: tape_/),
      '3 accepted, 3 refused',
    ]);
    expect(told.filter((text) => text.startsWith('completed'))).toHaveLength(3);
  });

  test('of many takes no option that each line has to say, and any JSON that is some', async () => {
    const path = join(temp.dir, 'odd.ndjson');
    const request = stack.tapeRequest(stack.source.serve('/odd.zip', zip), { metadata: { text: 'one\u2028two' } });
    await writeFile(path, `\ufeff${JSON.stringify(request)}\r\n`);
    const refused = await tapedeck('submit', '--batch', path, '--bucket', 'tapes', '--no-poster');
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--bucket, --no-poster: expected none beside --batch'),
    });
    expect(await tapedeck('submit', '--batch', path)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('of many says from where on nothing is known, when the service is not there', async () => {
    const path = join(temp.dir, 'away.ndjson');
    await writeFile(path, `\n${JSON.stringify(stack.tapeRequest(`${stack.source.url}/away.zip`))}\n`);
    const { exitCode, stderr } = await runCli(['submit', '--batch', path], {
      ...env,
      TAPEDECK_URL: 'http://127.0.0.1:1',
    });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 4,
      stderr: expect.stringContaining('From line 2 on it is not known what was taken'),
    });
  });

  test('of many says that nothing was taken, and by which code, when the token is wrong', async () => {
    const input = JSON.stringify(stack.tapeRequest(`${stack.source.url}/away.zip`));
    const stranger = { ...env, TAPEDECK_TOKEN: 'nobody' };
    const { exitCode, rows } = await runCli(['submit', '--batch', '-', '--json'], stranger, input);
    expect({ exitCode, rows: rows() }).toEqual({
      exitCode: 4,
      rows: [
        {
          ...{ ok: false, exitCode: 4 },
          error: { code: 'UNAUTHORIZED', message: expect.stringContaining('From line 1 on nothing was taken: ') },
        },
      ],
    });
  });

  test('of many says what to send again when the service takes no more, and sums up what it took', async () => {
    const acceptedAt = (index: number) => ({
      ...{ index, status: 202 },
      job: { jobId: `tape_${index}`, kind: 'tape', status: 'queued', statusUrl: '', positionInQueue: null },
    });
    const problem = { type: '', title: '', status: 503, code: 'QUEUE_UNAVAILABLE', detail: 'Redis is away' };
    let calls = 0;
    // Another service, whose Redis goes away after the first hundred.
    const server = createServer((request, response) => {
      request.resume();
      calls += 1;
      const results =
        calls === 1
          ? Array.from({ length: 100 }, (_, index) => acceptedAt(index))
          : [acceptedAt(0), { index: 1, status: 503, problem }];
      const accepted = results.filter(({ status }) => status === 202).length;
      const answer = { accepted, refused: results.length - accepted, results };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const line = JSON.stringify(stack.tapeRequest(`${stack.source.url}/any.zip`));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const args = ['submit', '--batch', '-', '--json', '--url', url];
      const { exitCode, rows } = await runCli(args, env, Array.from({ length: 102 }, () => line).join('\n'));
      expect({ exitCode, last: rows().slice(-3) }).toMatchObject({
        exitCode: 4,
        last: [
          { line: 102, ok: false, status: 503 },
          { ok: false, accepted: 101, refused: 1 },
          { error: { code: 'QUEUE_UNAVAILABLE', message: expect.stringContaining('what comes after line 102') } },
        ],
      });
    } finally {
      server.close();
    }
  });

  test('of many refuses a line with what would be lost on its way', async () => {
    const request = JSON.stringify(stack.tapeRequest(`${stack.source.url}/proto.zip`, { metadata: { x: 1 } }));
    const { exitCode, stdout } = await runCli(['submit', '--batch', '-'], env, request.replace('"x"', '"__proto__"'));
    expect({ exitCode, stdout }).toEqual({
      exitCode: 1,
      stdout: 'refused    line 1: REQUEST_INVALID: expected a request as a JSON object\n0 accepted, 1 refused\n',
    });
  });

  test('of more than one batch, from stdin and under a key, makes each job once', async () => {
    const requests = Array.from({ length: 101 }, (_, index) =>
      stack.tapeRequest(stack.source.serve('/shared.zip', zip), { slug: `flood-${index}`, priority: 'low' }),
    );
    const input = requests.map((request) => JSON.stringify(request)).join('\n');
    const send = async () =>
      (await runCli(['submit', '--batch', '-', '--idempotency-key', 'flood', '--json'], env, input)).rows<{
        ok: boolean;
        jobId?: string;
        duplicate?: boolean;
        accepted?: number;
      }>();
    const [first, second] = [await send(), await send()];
    expect(first.at(-1)).toEqual({ ok: true, accepted: 101, refused: 0 });
    expect(first.slice(0, -1).map(({ jobId }) => jobId)).toEqual(second.slice(0, -1).map(({ jobId }) => jobId));
    expect(second.slice(0, -1).every(({ duplicate }) => duplicate)).toBe(true);
    const ids = first.flatMap(({ jobId }) => jobId ?? []);
    // Those that have ended by then are refused.
    const { stdout, stderr } = await runCli(['cancel', '-'], env, ids.join('\n'));
    expect(ids.filter((jobId) => !`${stdout}${stderr}`.includes(jobId))).toEqual([]);
  });
});

describe('watch', () => {
  test('on a terminal draws one line over itself, and leaves the outcome and a cursor', async () => {
    const jobId = await startLongJob(stack);
    const terminal = onTerminal(['watch', jobId]);
    expect(await terminal.ended).toBe(0);
    const frames = framesOf(terminal.shown());
    const percents = frames.map((frame) => Number(/(\d+) %/.exec(frame)![1]));
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(new Set(percents).size).toBeGreaterThan(2);
    for (const frame of frames) expect(frame).toMatch(/^[a-z]+ +\[[#.]{25}\] +\d+ %/);
    const last = terminal.shown().split('\r\x1b[K').at(-1)!;
    const { mp4Url, posterUrl } = tapeOutput(await stack.job(jobId));
    const urls = [mp4Url, posterUrl].flatMap((url) => (url === undefined ? [] : [`  ${url}\r\n`]));
    const outcome = `completed  ${jobId}  ${(await stack.job(jobId)).slug}\r\n`;
    expect(last).toBe(`${SHOW_CURSOR}${outcome}${urls.join('')}`);
  });

  test('on a narrow terminal stays within its line', async () => {
    const terminal = onTerminal(['watch', await startLongJob(stack, 60)], 24);
    expect(await terminal.ended).toBe(0);
    const frames = framesOf(terminal.shown());
    expect(frames.length).toBeGreaterThan(0);
    expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThan(24);
  });

  test('that is stopped by Ctrl-C gives the cursor back, ends with 130, and leaves the job alone', async () => {
    const jobId = await startLongJob(stack, 1_500);
    const terminal = onTerminal(['watch', jobId]);
    await terminal.waitFor(/encode .* %/);
    terminal.type('\x03');
    expect(await terminal.ended).toBe(130);
    expect(terminal.shown()).toContain('\x1b[?25l');
    expect(terminal.shown().split('\r\x1b[K').at(-1)).toBe(`${SHOW_CURSOR}interrupted\r\n`);
    expect((await stack.job(jobId)).status).toBe('processing');
    const canceled = await tapedeck('cancel', jobId);
    expect(canceled).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^(?:canceled|processing) /) });
    await stack.finished(jobId);
    expect(await tapedeck('watch', jobId)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^canceled +tape_/),
    });
    expect(await tapedeck('retry', jobId)).toMatchObject({ exitCode: 0 });
    expect(await tapedeck('cancel', jobId)).toMatchObject({ exitCode: 0 });
  });
});

describe('stdin', () => {
  test.each([
    [['watch', '-'], 'tape_nowhere\n', 'tape_nowhere: '],
    [['cancel', '-'], 'tape_nowhere\n', 'tape_nowhere: '],
    [['retry', '-'], 'tape_nowhere\n', 'tape_nowhere: '],
    // The first hundred are told as soon as there is another.
    [['submit', '--batch', '-'], '{\n'.repeat(101), 'line 100: '],
  ])('that says nothing for long keeps nobody from stopping %j', async (args, typed, answer) => {
    const terminal = onTerminal(args);
    terminal.type(typed);
    await terminal.waitFor(answer);
    const stoppedAtMs = performance.now();
    terminal.type('\x03');
    expect(await terminal.ended).toBe(130);
    // Well before whatever does not hear of it is ended.
    expect(performance.now() - stoppedAtMs).toBeLessThan(5_000);
    expect(terminal.shown()).toMatch(/interrupted\r\n$/);
  });
});

describe('jobs', () => {
  test('are a table that fits the terminal, or JSON; one of them is a line', async () => {
    const slug = `table-${'x'.repeat(100)}`;
    const jobId = await submit(stack, stack.tapeRequest(stack.source.serve('/table.zip', zip), { slug }));
    await stack.finished(jobId);
    const terminal = onTerminal(['jobs', '--q', 'table-'], 100);
    expect(await terminal.ended).toBe(0);
    const [head, row, total] = terminal.shown().split('\r\n');
    expect(head).toMatch(/^JOB +KIND +STATUS +CREATED +SLUG$/);
    expect(row).toMatch(new RegExp(`^${jobId} +tape  completed  .*…$`));
    expect([row!.length, total]).toEqual([100, '1 of 1 from 0 on']);
    expect((await tapedeck('jobs', '--q', 'table-')).stdout).toContain(slug);
    const rows = (await tapedeck('jobs', '--q', 'table-', '--json')).rows();
    expect(rows).toEqual([expect.objectContaining({ jobId, slug }), { ok: true, total: 1, limit: 20, offset: 0 }]);
    expect((await tapedeck('job', jobId, '--json')).rows()).toEqual([await stack.job(jobId)]);
  });

  test('of a wrong filter are none, and every option that is wrong is named', async () => {
    const { stderr, exitCode } = await tapedeck('jobs', '--from', 'spring', '--limit', '0');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/--from: expected a date.*\n.*--limit: expected a whole number from 1 to 100/);
  });

  test.each([
    [['jobs', '--limit', '0', '--json'], '--limit: expected a whole number from 1 to 100'],
    [['jobs', '--json', '--nope'], "unknown option '--nope'"],
    [['callback', '--json'], "unknown option '--json'"],
  ])('and whatever else a program asks for wrongly is answered in JSON, too: %j', async (args, message) => {
    const { rows, stderr, exitCode } = await tapedeck(...args);
    expect(exitCode).toBe(2);
    expect(rows()).toEqual([{ ok: false, exitCode: 2, error: { message: expect.stringContaining(message) } }]);
    // What commander has said is not said again.
    expect(stderr.split(message).length).toBeLessThanOrEqual(2);
  });

  test('end quietly when nobody reads them any more', async () => {
    const argv = runSource('apps/cli/src/main.ts', 'jobs', '--json').join(' ');
    // Gone long before there is anything to read.
    expect(await runShell(`"$NODE" ${argv} | true; echo "\${PIPESTATUS[0]}"`)).toEqual({ stdout: '141\n', stderr: '' });
  });
});

describe('what is not there', () => {
  test.each([
    [
      'the service',
      { TAPEDECK_URL: 'http://127.0.0.1:9' },
      4,
      /^expected an answer from http:\/\/127\.0\.0\.1:9, got .+\n$/,
    ],
    ['the right to ask', { TAPEDECK_TOKEN: 'wrong' }, 4, /TAPEDECK_TOKEN, or --token-file\)\n$/],
    ['a token', { TAPEDECK_TOKEN: '' }, 78, /^TAPEDECK_TOKEN: expected a caller's token, got nothing\n$/],
  ])('%s is said in one sentence', async (_what, changes, code, message) => {
    const { stderr, exitCode } = await runCli(['jobs'], { ...env, ...changes });
    expect([exitCode, stderr]).toEqual([code, expect.stringMatching(message)]);
  });

  test('one job of several is named, and the others are shown all the same; in JSON a failure is a line as well', async () => {
    const jobId = await submit(stack, stack.tapeRequest(stack.source.serve('/there.zip', zip)));
    const watched = await tapedeck('watch', 'tape_nowhere', jobId, '--json');
    expect(watched.exitCode).toBe(1);
    const rows = watched.rows<JobView>();
    expect(rows[0]).toMatchObject({ ok: false, exitCode: 1, jobId: 'tape_nowhere', error: { code: 'NOT_FOUND' } });
    expect(rows.at(-1)).toMatchObject({ jobId, status: 'completed' });
    const alone = await tapedeck('job', 'tape_nowhere', '--json');
    expect(alone.exitCode).toBe(1);
    expect(alone.rows()).toEqual([
      { ok: false, exitCode: 1, error: { code: 'NOT_FOUND', message: expect.any(String) } },
    ]);
  });

  test('a token may be in a file', async () => {
    const path = join(temp.dir, 'token');
    await writeFile(path, `${TOKEN}\n`);
    const options = { ...env, TAPEDECK_TOKEN: '' };
    expect((await runCli(['jobs', '--token-file', path], options)).exitCode).toBe(0);
    expect(await runCli(['jobs', '--token-file', '/no/file'], options)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--token-file: expected a file'),
    });
  });
});

describe('callback', () => {
  const withSecret = () => ({ ...env, CALLBACK_SIGNING_SECRET: stack.env.CALLBACK_SIGNING_SECRET! });
  interface Reception {
    url?: string;
    status?: number;
    isAgain?: boolean;
    event?: { jobId: string; status: string };
    error?: { code: string };
  }

  test('listen names the port that is somebody else’s', async () => {
    const { port } = new URL(stack.source.url);
    expect(await runCli(['callback', 'listen', '--port', port], withSecret())).toMatchObject({
      exitCode: 2,
      stderr: `--port: expected one that is free, got ${port}\n`,
    });
  });

  test('listen verifies what arrives, fails on purpose when asked, and refuses what is nobody’s', async () => {
    const running = startCli(['callback', 'listen', '--fail', '1', '--json'], withSecret());
    const printed = follow(running);
    const { url } = await printed.find((line) => line.url !== undefined);
    const { stdout, exitCode } = await tapedeck(
      'submit',
      stack.source.serve('/heard.zip', zip),
      '--bucket',
      'tapes',
      '--callback',
      url!,
      '--wait',
    );
    expect(exitCode).toBe(0);
    expect(await printed.find((line) => line.status === 503)).toMatchObject({ error: { code: 'FAILED_ON_PURPOSE' } });
    const heard = await printed.find((line) => line.event !== undefined);
    expect(heard).toMatchObject({ status: 200, isAgain: false, event: { jobId: idOf(stdout), status: 'complete' } });
    expect((await fetch(url!, { method: 'POST', body: '{}' })).status).toBe(401);
    expect((await fetch(url!)).status).toBe(405);
    // It hangs up on who sends too much, who may still be sending then.
    await fetch(url!, { method: 'POST', body: 'x'.repeat(1024 ** 2 + 1) }).catch(() => undefined);
    expect(await printed.find((line) => line.status === 413)).toMatchObject({
      error: { code: 'CALLBACK_BODY_TOO_LARGE' },
    });
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ exitCode: 130, stderr: 'interrupted\n' });
  });

  test('verify says of one that was kept whether it is genuine, and if not, why', async () => {
    const jobId = await submit(stack, stack.tapeRequest(stack.source.serve('/kept.zip', zip)));
    const [kept] = await stack.receiver.waitFor(jobId);
    const headersPath = join(temp.dir, 'headers');
    await writeFile(
      headersPath,
      Object.entries(kept!.headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join(''),
    );
    const verify = (body: string, ...args: string[]) =>
      runCli(['callback', 'verify', '-', '--headers', headersPath, '--json', ...args], withSecret(), body);
    const genuine = await verify(kept!.body);
    expect(genuine.rows()).toEqual([{ ok: true, event: { eventId: kept!.id, ...kept!.event } }]);
    const changed = await verify(kept!.body.replace('complete', 'canceled'));
    expect(changed).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('webhook-signature: expected one of this body'),
    });
    const old = await verify(kept!.body, '--timestamp', '1700000000');
    expect(old).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('webhook-timestamp: expected at most 300 s from now'),
    });
    const nobody = await runCli(['callback', 'verify'], env, kept!.body);
    expect(nobody).toMatchObject({
      exitCode: 78,
      stderr: expect.stringContaining('CALLBACK_SIGNING_SECRET: expected whsec_'),
    });
  });

  /** Line by line what it has printed so far. */
  function follow({ child }: RunningCli) {
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const lines = () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Reception);
    return { find: (fits: (line: Reception) => boolean) => poll('a line', () => lines().find(fits)) };
  }
});

async function runShell(command: string) {
  const child = spawn('bash', ['--norc', '-c', command], { env: { ...env, NODE: process.execPath }, timeout: 60_000 });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr };
}
