// Installs what a fresh clone lacks, asks no question, and does nothing (in a few milliseconds) where nothing is missing.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What is asked for goes to stdout, and may be read by a program. */
const STDERR = 2;
const STAMP = 'node_modules/.tapedeck-lockfile';

/** Which package of each package manager has a program. */
const PACKAGES = {
  ffmpeg: { apt: 'ffmpeg', dnf: 'ffmpeg-free', apk: 'ffmpeg', brew: 'ffmpeg' },
  bwrap: { apt: 'bubblewrap', dnf: 'bubblewrap', apk: 'bubblewrap' },
  ffprobe: { apt: 'ffmpeg', dnf: 'ffmpeg-free', apk: 'ffmpeg', brew: 'ffmpeg' },
  'redis-server': { apt: 'redis-server', dnf: 'redis', apk: 'redis', brew: 'redis' },
  chromium: { apt: 'chromium', dnf: 'chromium', apk: 'chromium', brew: 'chromium' },
  debootstrap: { apt: 'debootstrap', dnf: 'debootstrap', apk: 'debootstrap', brew: 'debootstrap' },
  buildah: { apt: 'buildah', dnf: 'buildah', apk: 'buildah', brew: 'buildah' },
  podman: { apt: 'podman', dnf: 'podman', apk: 'podman', brew: 'podman' },
  runc: { apt: 'runc', dnf: 'runc', apk: 'runc', brew: 'runc' },
  radosgw: { apt: 'radosgw', dnf: 'ceph-radosgw', apk: 'ceph-radosgw', brew: 'ceph' },
  'ceph-mon': { apt: 'ceph-mon', dnf: 'ceph-mon', apk: 'ceph-mon', brew: 'ceph' },
  'ceph-osd': { apt: 'ceph-osd', dnf: 'ceph-osd', apk: 'ceph-osd', brew: 'ceph' },
  ceph: { apt: 'ceph-common', dnf: 'ceph-common', apk: 'ceph-common', brew: 'ceph' },
  promtool: { apt: 'prometheus', dnf: 'golang-github-prometheus', apk: 'prometheus', brew: 'prometheus' },
  'systemd-analyze': { apt: 'systemd', dnf: 'systemd' },
  zsh: { apt: 'zsh', dnf: 'zsh', apk: 'zsh', brew: 'zsh' },
  time: { apt: 'time', dnf: 'time', apk: 'coreutils', brew: 'gnu-time' },
};

const MANAGERS = [
  {
    name: 'apt',
    program: 'apt-get',
    commands: (names) => [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names],
    ],
  },
  { name: 'dnf', program: 'dnf', commands: (names) => [['dnf', 'install', '-y', '-q', ...names]] },
  { name: 'apk', program: 'apk', commands: (names) => [['apk', 'add', '--no-cache', ...names]] },
  { name: 'brew', program: 'brew', needsNoRoot: true, commands: (names) => [['brew', 'install', '--quiet', ...names]] },
];

/**
 * @param tools programs that must be on the PATH
 * @param extras programs without which it works, too: installed where that may be done, and asked of nobody
 * @throws Error with what to do, when one of `tools` cannot be installed
 */
export async function bootstrap({ tools, extras = [] }, signal) {
  await installNpmPackages(signal);
  const isMissing = (tool) => !isOnPath(tool);
  await installTools(tools.filter(isMissing), signal);
  const manager = MANAGERS.find(({ program }) => isOnPath(program));
  const offered = extras.filter(isMissing).filter((tool) => manager && PACKAGES[tool][manager.name]);
  await installTools(offered, signal).catch((error) => {
    signal.throwIfAborted();
    console.error(error.message);
    console.error(`Going on without ${offered.join(', ')}: FFmpeg has less around it (npm run tapedeck -- doctor).`);
  });
}

async function installNpmPackages(signal) {
  const lockHash = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  const installed = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : '';
  if (installed === lockHash) return;
  console.error('Installing npm packages …');
  await run(['npm', 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], signal);
  writeFileSync(STAMP, lockHash);
}

async function installTools(missing, signal) {
  if (missing.length === 0) return;
  const manager = MANAGERS.find(({ program }) => isOnPath(program));
  const names = [
    ...new Set(missing.map((tool) => PACKAGES[tool][manager?.name ?? 'apt'] ?? `(no package for ${tool})`)),
  ];
  const isOffered = missing.every((tool) => manager && PACKAGES[tool][manager.name]);
  const prefix = isOffered && (await findPrivilege(manager, signal));
  if (!prefix) throw new Error(explain(missing, names));
  console.error(`Installing ${names.join(', ')} with ${manager.program} …`);
  for (const command of manager.commands(names)) await run([...prefix, ...command], signal);
  const still = missing.filter((tool) => !isOnPath(tool));
  if (still.length > 0) throw new Error(explain(still, names));
}

/** What to put before the command, or undefined where we may not: a password prompt would be a question. */
async function findPrivilege(manager, signal) {
  if (manager.needsNoRoot || process.getuid?.() === 0) return [];
  if (!isOnPath('sudo')) return undefined;
  const maySudo = await run(['sudo', '-n', 'true'], signal, 'ignore').then(
    () => true,
    () => false,
  );
  return maySudo ? ['sudo', '-n'] : undefined;
}

function explain(missing, names) {
  return [
    `Missing: ${missing.join(', ')}, and this user may not install packages without a password.`,
    `  Install them yourself:   sudo apt-get install ${names.join(' ')}   (or dnf, apk, brew)`,
    '  Or run all of it in Docker (it asks for two secrets and says how to make them):   docker compose up --build',
  ].join('\n');
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function run([file, ...args], signal, stdio = ['ignore', STDERR, STDERR]) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', HOMEBREW_NO_AUTO_UPDATE: '1' };
    const child = spawn(file, args, { stdio, env, signal });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${file} ${args[0]} ended with ${code}`))));
  });
}
