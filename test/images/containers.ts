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
export const IMAGES = [...APPS, 'spaces'] as const;
export type Image = (typeof IMAGES)[number];

const STORE = ['--root', join(IMAGES_DIR, 'store'), '--runroot', join(IMAGES_DIR, 'run'), '--storage-driver', 'vfs'];
const BUILDAH = ['buildah', ...STORE];
const PODMAN = ['podman', ...STORE, '--cgroup-manager=cgroupfs', '--runtime=runc'];

/** What docker-compose.yml asks for. The ulimits are for machines that may not give the usual, higher ones. */
const LOCKED_DOWN = [
  ...['--pull=never', '--network=host', '--read-only', '--tmpfs=/tmp', '--cap-drop=ALL'],
  ...['--security-opt=no-new-privileges', '--ulimit=nofile=4096:4096', '--ulimit=nproc=4096:4096'],
];

const BASE_IMAGE = 'node:24-trixie-slim';
const BUILDS: Record<Image, string[]> = {
  api: ['--file=Dockerfile.api', '.'],
  worker: ['--file=Dockerfile.worker', '.'],
  // Its debian:trixie-slim is in our base image, with Node added.
  spaces: [`--from=${BASE_IMAGE}`, '--file=deploy/spaces/Dockerfile', 'deploy/spaces'],
};

const imageOf = (image: Image): string => `localhost/${RUN_NAME}-${image}`;
const containerOf = (name: string): string => `${RUN_NAME}-${name}`;

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

export async function buildImage(image: Image, signal: AbortSignal): Promise<void> {
  const before = await listWorkingContainers();
  // Buildah's own format, OCI, has no place for health checks.
  const options = ['--isolation=chroot', '--format=docker', '--pull-never', `--tag=${imageOf(image)}`];
  try {
    await runCommand([...BUILDAH, 'bud', ...options, ...BUILDS[image]], signal);
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
  await tryCommand([...PODMAN, 'rmi', '--force', ...IMAGES.map(imageOf)]);
}

export interface ImageView {
  Size: number;
  User: string;
  Healthcheck?: { Test: string[] };
  Config: { Entrypoint: string[]; Cmd: string[]; Env: string[] };
}

export async function inspectImage(name: Image): Promise<ImageView> {
  const [image] = JSON.parse(await runCommand([...PODMAN, 'image', 'inspect', imageOf(name)])) as ImageView[];
  return image!;
}

export interface ContainerOptions {
  env: Record<string, string>;
  /** Its image's, unless there are several. */
  name?: string;
  /** As podman and docker take it: `1g`. */
  memory?: string;
  /** What is mounted at /data; the run's own where none is named. */
  volume?: string;
  /** More of podman's. */
  options?: readonly string[];
}

/** Without a volume of its own: both apps hold their results on one, the worker writes, the API serves. */
export async function startContainer(image: Image, container: ContainerOptions): Promise<void> {
  const { env, name = image, memory, volume = RUN_NAME, options = [] } = container;
  const variables = Object.entries(env).map(([variable, value]) => `--env=${variable}=${value}`);
  const limits = memory ? [`--memory=${memory}`] : [];
  const settings = [`--name=${containerOf(name)}`, `--volume=${volume}:/data`, ...LOCKED_DOWN, ...options, ...limits];
  await runCommand([...PODMAN, 'run', '--detach', ...settings, ...variables, imageOf(image)]);
}

/** Of one that was stopped, with what it holds. */
export async function restartContainer(name: string): Promise<void> {
  await runCommand([...PODMAN, 'start', containerOf(name)]);
}

/** SIGTERM, and SIGKILL when the time is over. @returns its exit code */
export async function stopContainer(name: string, graceSec: number): Promise<number> {
  await runCommand([...PODMAN, 'stop', `--time=${graceSec}`, containerOf(name)]);
  return Number(await inspectContainer(name, '{{.State.ExitCode}}'));
}

export async function removeContainer(name: string): Promise<void> {
  await runCommand([...PODMAN, 'rm', '--force', '--time=0', '--volumes', containerOf(name)]);
}

export async function removeContainers(): Promise<void> {
  const list = async (...command: string[]): Promise<string[]> =>
    (await runCommand([...PODMAN, ...command, '--quiet', `--filter=name=${RUN_NAME}`]))
      .split('\n')
      .filter((id) => id !== '');
  const containers = await list('ps', '--all');
  if (containers.length > 0) await tryCommand([...PODMAN, 'rm', '--force', '--time=0', '--volumes', ...containers]);
  const volumes = await list('volume', 'ls');
  if (volumes.length > 0) await tryCommand([...PODMAN, 'volume', 'rm', '--force', ...volumes]);
}

/** @param format a Go template, e.g. `{{.Id}}` */
export async function inspectContainer(name: string, format: string): Promise<string> {
  return runCommand([...PODMAN, 'inspect', '--format', format, containerOf(name)]);
}

/** Nobody runs the image's health check at its interval where systemd is not there; so it is run by hand. */
export async function isHealthy(name: string): Promise<boolean> {
  return (await tryCommand([...PODMAN, 'healthcheck', 'run', containerOf(name)])).exitCode === 0;
}

export function execIn(name: string, command: readonly string[], env: readonly string[] = []): Promise<Finished> {
  return tryCommand([...PODMAN, 'exec', ...env.map((pair) => `--env=${pair}`), containerOf(name), ...command]);
}

export async function readLogs(name: string): Promise<string> {
  const { stdout, stderr } = await tryCommand([...PODMAN, 'logs', '--tail=40', containerOf(name)]);
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
