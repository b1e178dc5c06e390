#!/usr/bin/env node
// Runs a task on a fresh clone: installs what is missing, then starts the task on the Node that this repository pins.
// Plain JavaScript without dependencies, because it is what runs before there are any. Any Node >= 20 will do.
//   node scripts/run.mjs TASK [arguments]
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { bootstrap } from './bootstrap.mjs';

const SOURCE = ['--conditions=source', '--disable-warning=ExperimentalWarning'];

/** The server that Spaces runs. */
const CEPH = ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph'];

/** What keeps FFmpeg in its place. */
const extras = ['bwrap'];

/** What each task needs of the system, and what it starts. */
const TASKS = {
  demo: { tools: ['ffmpeg', 'ffprobe', 'redis-server'], extras, args: [...SOURCE, 'scripts/demo.ts'] },
  start: { tools: ['ffmpeg', 'ffprobe', 'redis-server'], extras, args: [...SOURCE, 'scripts/start.ts'] },
  'start:api': { tools: [], args: [...SOURCE, 'apps/api/src/main.ts'] },
  'start:worker': { tools: ['ffmpeg', 'ffprobe'], extras, args: [...SOURCE, 'apps/worker/src/main.ts'] },
  tapedeck: { tools: [], args: [...SOURCE, 'apps/cli/src/main.ts'] },
  keys: { tools: [], args: [...SOURCE, 'apps/cli/src/main.ts', 'keys'] },
  password: { tools: [], args: [...SOURCE, 'apps/cli/src/main.ts', 'password'] },
  screenshots: {
    tools: ['chromium', 'ffmpeg', 'ffprobe', 'redis-server'],
    extras,
    args: [...SOURCE, 'scripts/screenshots.ts'],
  },
  dev: { tools: ['ffmpeg', 'ffprobe', 'redis-server'], extras, args: [...SOURCE, 'scripts/start.ts', '--watch'] },
  test: {
    tools: ['ffmpeg', 'ffprobe', 'redis-server', 'bwrap', 'chromium', 'promtool', 'zsh', ...CEPH],
    extras: ['systemd-analyze'],
    args: [...SOURCE, 'scripts/test.ts'],
  },
  'test:images': {
    tools: ['debootstrap', 'buildah', 'podman', 'runc', 'redis-server', 'ffmpeg', 'ffprobe'],
    args: [...SOURCE, 'test/images/run.ts'],
  },
  bench: { tools: ['ffmpeg', 'ffprobe', 'redis-server', 'time'], args: [...SOURCE, 'bench/run.ts'] },
  soak: {
    tools: ['ffmpeg', 'ffprobe', 'redis-server', ...CEPH],
    args: [...SOURCE, 'test/faults/soak/main.ts'],
  },
  setup: { tools: ['ffmpeg', 'ffprobe', 'redis-server'], extras, args: undefined },
};

const [name = '', ...rest] = process.argv.slice(2);
const task = TASKS[name];
if (!task) {
  console.error(`run: expected one of ${Object.keys(TASKS).join(', ')}, got "${name}"`);
  process.exit(2);
}

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => stop.abort(signal));

try {
  await bootstrap(task, stop.signal);
} catch (error) {
  console.error(`\n${error.message}`);
  process.exit(stop.signal.aborted ? 130 : 1);
}
if (task.args) process.exitCode = await runTask([...task.args, ...rest]);

/** The task's exit code. Signals that reach us reach it: npm's shell passes them on to us alone. */
async function runTask(args) {
  const child = spawn('node_modules/node/bin/node', args, { stdio: 'inherit' });
  const forward = () => child.kill(stop.signal.reason);
  if (stop.signal.aborted) forward();
  stop.signal.addEventListener('abort', forward);
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
