import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

/**
 * Buildah and podman, in an image store of their own in TAPEDECK_IMAGES_DIR, which keeps the base image and npm's cache
 * from one run to the next. Everything else that a run makes carries the run's name, so that it is found afterwards.
 */
const IMAGES_DIR = resolve(process.env.TAPEDECK_IMAGES_DIR || join(tmpdir(), 'tapedeck-images'));
export const RUN_NAME = `tapedeck-test-${process.pid}`;

export const APPS = ['api', 'worker'] as const;
export type App = (typeof APPS)[number];

const STORE = ['--root', join(IMAGES_DIR, 'store'), '--runroot', join(IMAGES_DIR, 'run'), '--storage-driver', 'vfs'];
const BUILDAH = ['buildah', ...STORE];
const PODMAN = ['podman', ...STORE, '--cgroup-manager=cgroupfs', '--runtime=runc'];

/** What docker-compose.yml asks for. The ulimits are for machines that may not give the usual, higher ones. */
const LOCKED_DOWN = [
  ...['--pull=never', '--network=host', '--read-only', '--tmpfs=/tmp', '--cap-drop=ALL'],
  ...['--security-opt=no-new-privileges', '--ulimit=nofile=4096:4096', '--ulimit=nproc=4096:4096'],
];

const imageOf = (app: App): string => `localhost/${RUN_NAME}-${app}`;
const containerOf = (app: App): string => `${RUN_NAME}-${app}`;

/** Stands for the exit code of what was ended by a signal. */
const KILLED = 128;

export interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * The command leads a process group of its own: Ctrl-C at a terminal is ours to pass on, and what it started ends with it.
 * @param signal ends the command; what cleans up is given none
 */
async function tryCommand([file, ...args]: readonly string[], signal?: AbortSignal): Promise<Finished> {
  signal?.throwIfAborted();
  // Buildah keeps the caches of `RUN --mount=type=cache` in its temporary directory.
  const env = { ...process.env, TMPDIR: join(IMAGES_DIR, 'tmp') };
  const child = spawn(file!, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): boolean => process.kill(-child.pid!, 'SIGTERM');
  signal?.addEventListener('abort', end);
  try {
    const closed = once(child, 'close') as Promise<[number | null]>;
    const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    signal?.throwIfAborted();
    return { exitCode: exitCode ?? KILLED, stdout: stdout.trim(), stderr: stderr.trim() };
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

const OUTPUT_LINES = 25;

/** @returns what it printed  @throws Error with the end of what it printed, unless it ends with 0 */
async function runCommand(command: readonly string[], signal?: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderr } = await tryCommand(command, signal);
  if (exitCode === 0) return stdout;
  const output = `${stdout}\n${stderr}`.split('\n').slice(-OUTPUT_LINES).join('\n');
  throw new Error(`${command[0]} ended with ${exitCode}\n${output}`);
}

/**
 * One run at a time in one store, because a build's working containers bear no mark of whose they are.
 * The kernel takes the socket's name back when the process ends, however it ends.
 */
export async function claimStore(): Promise<void> {
  const claim = createServer();
  claim.listen(`\0tapedeck-${createHash('sha256').update(IMAGES_DIR).digest('hex')}`);
  await once(claim, 'listening').catch((cause: unknown) => {
    throw new Error(`TAPEDECK_IMAGES_DIR: ${IMAGES_DIR} is in use by another run`, { cause });
  });
  claim.unref();
}

/** @returns whether it was made or found */
export async function prepareBaseImage(signal: AbortSignal): Promise<string> {
  await mkdir(join(IMAGES_DIR, 'tmp'), { recursive: true });
  return runCommand(['test/support/base-image', IMAGES_DIR], signal);
}

export async function buildImage(app: App, signal: AbortSignal): Promise<void> {
  const before = await listWorkingContainers();
  // Buildah's own format, OCI, has no place for health checks.
  const options = ['--isolation=chroot', '--format=docker', '--pull-never', `--file=Dockerfile.${app}`];
  try {
    await runCommand([...BUILDAH, 'bud', ...options, `--tag=${imageOf(app)}`, '.'], signal);
  } catch (error) {
    // Ended in the middle of a build, buildah leaves what it was working in.
    const left = (await listWorkingContainers()).filter((id) => !before.includes(id));
    if (left.length > 0) await tryCommand([...BUILDAH, 'rm', ...left]);
    throw error;
  }
}

async function listWorkingContainers(): Promise<string[]> {
  return (await runCommand([...BUILDAH, 'containers', '--quiet'])).split('\n').filter((id) => id !== '');
}

export async function removeImages(): Promise<void> {
  await tryCommand([...PODMAN, 'rmi', '--force', ...APPS.map(imageOf)]);
}

export interface ImageView {
  Size: number;
  User: string;
  Healthcheck?: { Test: string[] };
  Config: { Entrypoint: string[]; Cmd: string[]; Env: string[] };
}

export async function inspectImage(app: App): Promise<ImageView> {
  const [image] = JSON.parse(await runCommand([...PODMAN, 'image', 'inspect', imageOf(app)])) as ImageView[];
  return image!;
}

export interface ContainerOptions {
  env: Record<string, string>;
  /** As podman and docker take it: `1g`. */
  memory?: string;
}

/** Both apps hold their results on one volume: the worker writes, the API serves. */
export async function startContainer(app: App, { env, memory }: ContainerOptions): Promise<void> {
  const variables = Object.entries(env).map(([name, value]) => `--env=${name}=${value}`);
  const limits = memory ? [`--memory=${memory}`] : [];
  const settings = [
    `--name=${containerOf(app)}`,
    `--volume=${RUN_NAME}:/data`,
    ...LOCKED_DOWN,
    ...limits,
    ...variables,
  ];
  await runCommand([...PODMAN, 'run', '--detach', ...settings, imageOf(app)]);
}

/** SIGTERM, and SIGKILL when the time is over. @returns its exit code */
export async function stopContainer(app: App, graceSec: number): Promise<number> {
  await runCommand([...PODMAN, 'stop', `--time=${graceSec}`, containerOf(app)]);
  return Number(await inspectContainer(app, '{{.State.ExitCode}}'));
}

export async function removeContainer(app: App): Promise<void> {
  await runCommand([...PODMAN, 'rm', '--force', '--time=0', containerOf(app)]);
}

export async function removeContainers(): Promise<void> {
  await tryCommand([...PODMAN, 'rm', '--force', '--volumes', ...APPS.map(containerOf)]);
  await tryCommand([...PODMAN, 'volume', 'rm', '--force', RUN_NAME]);
}

/** @param format a Go template, e.g. `{{.Id}}` */
export async function inspectContainer(app: App, format: string): Promise<string> {
  return runCommand([...PODMAN, 'inspect', '--format', format, containerOf(app)]);
}

/** Nobody runs the image's health check at its interval where systemd is not there; so it is run by hand. */
export async function isHealthy(app: App): Promise<boolean> {
  return (await tryCommand([...PODMAN, 'healthcheck', 'run', containerOf(app)])).exitCode === 0;
}

export function execIn(app: App, command: readonly string[], env: readonly string[] = []): Promise<Finished> {
  return tryCommand([...PODMAN, 'exec', ...env.map((pair) => `--env=${pair}`), containerOf(app), ...command]);
}

export async function readLogs(app: App): Promise<string> {
  const { stdout, stderr } = await tryCommand([...PODMAN, 'logs', '--tail=40', containerOf(app)]);
  return `${stdout}\n${stderr}`.trim();
}

/** What is still there of this run in the store and in the system's temporary directory, by name. */
export async function findLeftovers(): Promise<string[]> {
  const named = ['--filter', `name=${RUN_NAME}`, '--format'];
  const found = await Promise.all([
    runCommand([...PODMAN, 'ps', '--all', ...named, 'container {{.Names}}']),
    runCommand([...PODMAN, 'volume', 'ls', ...named, 'volume {{.Name}}']),
    runCommand([...PODMAN, 'images', '--filter', `reference=localhost/${RUN_NAME}-*`, '--format', 'image {{.Id}}']),
    readdir(tmpdir()).then((names) => names.filter((name) => name.startsWith(RUN_NAME)).join('\n')),
  ]);
  return found.flatMap((text) => text.split('\n')).filter((line) => line !== '');
}

/** Processes with one of `marks` in their command line (podman's monitors) or their cgroup (what is in containers). */
export async function findProcesses(marks: readonly string[]): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
      const text = (await read('cmdline')).replaceAll('\0', ' ') + (await read('cgroup'));
      return marks.some((mark) => text.includes(mark)) ? [`process ${pid}: ${text}`] : [];
    }),
  );
  return found.flat();
}
