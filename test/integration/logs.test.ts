import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { hashPassword } from '@tapedeck/runtime';
import { nameLogFile } from '../../packages/runtime/src/logs/log-names.ts';
import { breakPixels } from '../support/break-pixels.ts';
import { parseLines, readLog, type LogLine } from '../support/log-dir.ts';
import { poll } from '../support/poll.ts';
import { endProcess } from '../support/redis-server.ts';
import { startApp, startStack, TOKEN, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import { WebClient } from '../support/web-client.ts';

const PASSWORD = 'correct horse battery staple';
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
let logs: TempDir;
let stack: Stack;
let zip: Buffer;
beforeAll(async () => {
  logs = await createTempDir('logs');
  const env = { LOG_DIR: logs.dir, LOG_LEVEL: 'debug', ADMIN_PASSWORD_HASH: await hashPassword(PASSWORD) };
  stack = await startStack({ env });
  zip = (await buildTape()).zip;
});
afterAll(async () => {
  await stack.stop();
  await logs.remove();
});

/** Waits for lines that are written after the answer. */
function findLines(log: string, isMeant: (line: LogLine) => boolean): Promise<LogLine[]> {
  return poll(`lines in ${log}`, async () => {
    const found = (await readLog(logs.dir, log)).filter(isMeant);
    return found.length > 0 ? found : undefined;
  });
}

async function convert(source: string, body = zip): Promise<{ jobId: string; requestId: string }> {
  const answer = await stack.post(stack.tapeRequest(stack.source.serve(source, body)));
  const { jobId } = answer.body;
  await stack.finished(jobId);
  await findLines('conversion', (line) => line.jobId === jobId && line.msg === 'job settled');
  return { jobId, requestId: answer.headers.get('x-request-id')! };
}

describe('a request', () => {
  test('has an id in the answer and one line in the access log, found or not', async () => {
    for (const [path, status] of [
      ['/health/live', 200],
      ['/nowhere?token=hush', 404],
      ['/%zz', 404],
    ] as const) {
      const answer = await fetch(`${stack.url}${path}`);
      expect(answer.status).toBe(status);
      const requestId = answer.headers.get('x-request-id')!;
      const lines = await findLines('access', (line) => line.requestId === requestId);
      const expected = { method: 'GET', path: path.split('?')[0], status, ip: '127.0.0.1', msg: 'answered' };
      expect(lines).toEqual([expect.objectContaining({ ...expected, durationMs: expect.any(Number) })]);
    }
  });

  test('has a line even if nobody waits for the answer', async () => {
    const path = '/api/jobs/nobody-waits/cancel';
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-length: 9\r\n\r\n{`;
    const socket = connect(Number(stack.env.PORT), '127.0.0.1');
    socket.write(head, () => socket.destroy());
    expect(await findLines('access', (line) => line.path === path)).toEqual([
      expect.objectContaining({ aborted: true, caller: 'tests' }),
    ]);
  });

  test('that makes a job, or is about one, has its id in its lines', async () => {
    const { jobId, requestId } = await convert('/named.zip');
    const [submitted] = await findLines('api', (line) => line.requestId === requestId);
    expect(submitted).toMatchObject({ msg: 'submitted', jobId });
    const ofJob = await findLines('access', (line) => line.jobId === jobId && line.method === 'GET');
    expect(ofJob[0]).toMatchObject({ path: `/api/jobs/${jobId}`, caller: 'tests' });
    const [posted] = await findLines('access', (line) => line.requestId === requestId);
    expect(posted).toMatchObject({ path: '/convert', jobId, status: 202 });
  });
});

function breakFirstFrame(files: Map<string, Buffer>): void {
  const [name, png] = [...files].find(([fileName]) => fileName.endsWith('.png'))!;
  files.set(name, breakPixels(png));
}

describe('a conversion', () => {
  test('has one line for each phase, and one for each FFmpeg that ran', async () => {
    const { jobId } = await convert('/good.zip');
    const lines = await findLines('conversion', (line) => line.jobId === jobId);
    const phases = lines.filter((line) => line.phase !== undefined);
    expect(phases.map(({ phase }) => phase)).toEqual(['download', 'extract', 'probe', 'encode', 'verify', 'publish']);
    for (const line of phases) expect(line).toMatchObject({ level: 30, durationMs: expect.any(Number) });
    const { output } = await stack.job(jobId);
    const bytesOf = (phase: string) => phases.find((line) => line.phase === phase)?.bytes;
    expect(bytesOf('download')).toBe(zip.length);
    expect(bytesOf('encode')).toBe(output!.size);
    // With the poster.
    expect(bytesOf('publish')).toBeGreaterThan(output!.size);
    const ended = lines.find((line) => line.msg === 'attempt ends')!;
    expect(ended).toMatchObject({ sourceBytes: zip.length, outputBytes: bytesOf('publish') });
    expect(ended.phases).toEqual(phases.map(({ phase, durationMs }) => ({ phase, durationMs })));
    const runs = lines.filter((line) => line.tool === 'ffmpeg');
    expect(runs.length).toBeGreaterThanOrEqual(2);
    const end = { exitCode: 0, signal: null, stderrTail: expect.any(String), durationMs: expect.any(Number) };
    for (const run of runs) expect(run).toMatchObject(end);
    for (const line of lines) expect(line).toMatchObject({ attempt: 1, log: 'conversion' });
  });

  test('that fails has the code in the line of its phase, and is in the error log', async () => {
    const { jobId } = await convert('/broken.zip', zip.subarray(0, zip.length / 2));
    const { code } = (await stack.job(jobId)).error!;
    const phases = await findLines('conversion', (line) => line.jobId === jobId && line.phase !== undefined);
    expect(phases).toEqual([
      expect.objectContaining({ phase: 'download', level: 30 }),
      expect.objectContaining({ phase: 'extract', level: 40, code }),
    ]);
    const errors = await findLines('error', (line) => line.jobId === jobId);
    expect(errors).toEqual([expect.objectContaining({ msg: 'job failed', err: expect.objectContaining({ code }) })]);
  });

  test('an FFmpeg that complains is quoted', async () => {
    const { zip: bad } = await buildTape({ durationsMs: [50, 50], change: breakFirstFrame });
    const { jobId } = await convert('/undecodable.zip', bad);
    const runs = await findLines('conversion', (line) => line.jobId === jobId && line.tool === 'ffmpeg');
    expect(runs.at(-1)).toMatchObject({
      level: 40,
      exitCode: expect.any(Number),
      stderrTail: expect.stringMatching(/./),
    });
  });
});

describe('what people do by hand', () => {
  const audit = (action: string) => findLines('audit', (line) => line.action === action);

  test('on the admin pages is in the audit log, with who, what and whether it was done', async () => {
    const client = new WebClient(stack.url);
    await client.post('/admin/login', { password: 'wrong' });
    expect(await audit('login')).toEqual([
      expect.objectContaining({ who: null, via: 'login', outcome: 'refused', status: 401, ip: '127.0.0.1' }),
    ]);
    await client.post('/admin/login', { password: PASSWORD });
    expect((await audit('login'))[1]).toMatchObject({ who: 'admin', via: 'session', outcome: 'done' });
    const put = (path: string) =>
      client.send('PUT', `/admin/queues/api/queues/${path}`, { 'sec-fetch-site': 'same-origin' });
    for (const path of ['callbacks/pause', 'callbacks/resume', 'callbacks/promote']) await put(path);
    for (const action of ['queue.pause', 'queue.resume', 'queue.promote']) {
      expect(await audit(action)).toEqual([
        expect.objectContaining({ who: 'admin', queue: 'callbacks', outcome: 'done', requestId: expect.any(String) }),
      ]);
    }
    await client.post('/admin/logout');
    expect(await audit('logout')).toEqual([expect.objectContaining({ who: 'admin', outcome: 'done' })]);
  });

  test('through the API, too, with the job and the id of the key', async () => {
    const { jobId } = await convert('/steered.zip');
    const send = (method: string, path: string) =>
      fetch(`${stack.url}/api/jobs/${jobId}${path}`, { method, headers: AUTHORIZED });
    for (const action of ['cancel', 'retry', 'callback']) await send('POST', `/${action}`);
    await send('DELETE', '');
    const by = { who: 'tests', via: 'key', jobId };
    expect(await audit('job.cancel')).toContainEqual(
      expect.objectContaining({ ...by, outcome: 'refused', status: 409 }),
    );
    expect(await audit('job.retry')).toEqual([expect.objectContaining({ ...by, outcome: 'refused' })]);
    expect(await audit('job.callback')).toEqual([expect.objectContaining({ ...by, outcome: 'done' })]);
    expect(await audit('job.delete')).toEqual([expect.objectContaining({ ...by, outcome: 'done', status: 200 })]);
  });
});

/** Another process; see log-writer.ts. */
function startWriter(dir: string, name: string) {
  const args = [
    '--conditions=source',
    '--disable-warning=ExperimentalWarning',
    'test/support/log-writer.ts',
    dir,
    name,
  ];
  const child = spawn(process.execPath, args, { stdio: 'pipe' });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  return { child, said: () => said };
}

describe('LOG_DIR', () => {
  test('holds what stdout holds, each line once, and nothing that is hidden', async () => {
    const secret = stack.env.CALLBACK_SIGNING_SECRET!.replace('whsec_', '');
    await fetch(`${stack.url}/${secret}`);
    await findLines('access', (line) => line.path === '/[redacted]');
    const worker = await stack.startWorker();
    await endProcess(worker.child, 'SIGTERM');
    const { pid } = worker.child;
    const files = await Promise.all(['worker', 'conversion'].map((log) => readLog(logs.dir, log)));
    const written = files.flat().filter((line) => line.pid === pid);
    expect(written).toEqual(parseLines(worker.log()));
    expect(written.at(-1)).toMatchObject({ msg: 'stopped' });
    for (const log of ['api', 'access', 'worker', 'conversion', 'error', 'audit']) {
      expect(JSON.stringify(await readLog(logs.dir, log))).not.toContain(secret);
    }
    for (const name of await readdir(logs.dir)) expect((await stat(join(logs.dir, name))).mode & 0o777).toBe(0o600);
  });

  test.each(['api', 'worker'] as const)('that cannot be written stops the %s before it starts', async (app) => {
    const { child, log } = startApp(app, { ...stack.env, LOG_DIR: '/dev/null/logs' });
    const code = await new Promise((done) => child.once('close', done));
    expect([code, log()]).toEqual([78, expect.stringMatching(/^LOG_DIR: expected a directory that can be written/)]);
  });

  test('that fills up stops neither requests nor conversions, and stdout says so once', async () => {
    const full = await createTempDir('full-logs');
    for (const log of ['conversion', 'access'] as const) {
      await symlink('/dev/full', join(full.dir, nameLogFile(log, Date.now())));
    }
    const other = await startStack({ env: { LOG_DIR: full.dir } });
    try {
      const { body } = await other.post(other.tapeRequest(other.source.serve('/full.zip', zip)));
      expect((await other.finished(body.jobId)).status).toBe('completed');
      for (const { log } of [other.api, other.worker!]) {
        const complaints = parseLines(log()).filter((line) => String(line.msg).startsWith('LOG_DIR'));
        expect(complaints).toEqual([expect.objectContaining({ err: expect.objectContaining({ code: 'ENOSPC' }) })]);
      }
    } finally {
      await other.stop();
      await full.remove();
    }
  });

  test('loses no line when several processes write and compress while the day ends', async () => {
    const shared = await createTempDir('shared-logs');
    const writers = ['a', 'b', 'c'].map((name) => startWriter(shared.dir, name));
    await poll('the writers', () => (writers.every(({ said }) => said() === 'ready\n') ? true : undefined));
    const startedAtMs = Date.now();
    for (const { child } of writers) child.stdin.end(String(startedAtMs));
    await Promise.all(writers.map(({ child }) => once(child, 'close')));
    const counts = writers.map(({ said }) => Number(/^ready\n(\d+)\n$/.exec(said())?.[1]));
    expect((await readdir(shared.dir)).toSorted()).toEqual(['error.2026-11-22.log.gz', 'error.2026-11-23.log']);
    const lines = await readLog(shared.dir, 'error');
    expect(lines).toHaveLength(counts.reduce((sum, count) => sum + count));
    expect(new Set(lines.map(({ name, count }) => `${String(name)} ${String(count)}`)).size).toBe(lines.length);
    await shared.remove();
  });
});
