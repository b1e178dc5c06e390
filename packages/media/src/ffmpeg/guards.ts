import { succeeds } from './answers.ts';

/**
 * What a child can be kept from. FFmpeg decodes what strangers made: whoever finds the next hole in a decoder is then
 * inside it, and this is what is left to them.
 */
export const PROTECTIONS = [
  'dies with the worker',
  'first to go when memory ends',
  'bounded file size, CPU time and memory',
  'no new privileges',
  'no network',
  'no files but its own',
  'no processes but its own',
  'bounded number of processes',
] as const;
export type Protection = (typeof PROTECTIONS)[number];

export interface Guard {
  protections: readonly Protection[];
  /** Comes before a command that works in `cwd`. */
  wrap(cwd: string): readonly string[];
}

export interface GuardOptions {
  /** Guards are tried with commands that work here. */
  trialDir: string;
  /** What one child may allocate. */
  memoryBytes: number;
  searchPath: string;
  /** FFmpeg and ffprobe: a guard that keeps them from running is none. */
  programs: readonly string[];
}

interface Candidate extends Guard {
  /** Only where this holds already. */
  needs?: Protection;
  /** A command that must fail in its place. The programs must run in any case. */
  refuses?: readonly string[];
}

/** A result is a picture or a stream for people; nothing that we make is this large. */
const MAX_FILE_BYTES = 16 * 1024 ** 3;

/** A day of one core. The job's own time limit is shorter; this holds when nobody is left to keep it. */
const MAX_CPU_SEC = 86_400;

/** Stacks and arenas count when they are reserved, and most of them is never touched. */
const RESERVED_BYTES = 1024 ** 3;

/** Threads are processes to the kernel. The widest ladder with 64 threads an encoder needs some 400. */
const MAX_PROCESSES = 1024;

/** What programs of a Linux system need to be loaded. */
const SYSTEM_DIRS = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/opt', '/etc/ld.so.cache', '/etc/alternatives'];

/** From the outside in. Of each layer the first that works: some containers have a program but not the right. */
function listLayers({ memoryBytes }: GuardOptions): readonly (readonly Candidate[])[] {
  const limits = [`--fsize=${MAX_FILE_BYTES}`, `--cpu=${MAX_CPU_SEC}`, `--data=${memoryBytes + RESERVED_BYTES}`];
  return [
    [{ protections: ['dies with the worker'], wrap: () => ['setpriv', '--pdeathsig', 'KILL', '--'] }],
    [{ protections: ['first to go when memory ends'], wrap: () => ['choom', '-n', '900', '--'] }],
    [
      {
        protections: ['bounded file size, CPU time and memory'],
        wrap: () => ['prlimit', ...limits, '--core=0', '--'],
      },
    ],
    ISOLATIONS,
    [
      {
        protections: ['bounded number of processes'],
        // Elsewhere it would count whatever else this user runs.
        needs: 'no processes but its own',
        wrap: () => ['prlimit', `--nproc=${MAX_PROCESSES}`, '--'],
        // The kernel does not hold root to it.
        refuses: ['prlimit', '--nproc=1', '--', 'sh', '-c', '(exit 0) & wait'],
      },
    ],
  ];
}

const ISOLATIONS: readonly Candidate[] = [
  {
    protections: ['no new privileges', 'no network', 'no files but its own', 'no processes but its own'],
    wrap: (cwd) => [
      // Root would keep its capabilities in there, and nobody needs a namespace within the namespace.
      ...['bwrap', '--unshare-all', '--unshare-user', '--disable-userns', '--cap-drop', 'ALL', '--die-with-parent'],
      ...SYSTEM_DIRS.flatMap((dir) => ['--ro-bind-try', dir, dir]),
      // The rest is a tmpfs, which is memory.
      ...['--dev', '/dev', '--bind', cwd, cwd, '--remount-ro', '/dev', '--remount-ro', '/', '--chdir', cwd, '--'],
    ],
  },
  {
    protections: ['no new privileges', 'no network'],
    wrap: () => [
      ...['unshare', '--net', '--'],
      ...['setpriv', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--'],
    ],
  },
  {
    protections: ['no new privileges', 'no network'],
    wrap: () => ['unshare', '--user', '--net', '--', 'setpriv', '--no-new-privs', '--'],
  },
  { protections: ['no new privileges'], wrap: () => ['setpriv', '--no-new-privs', '--'] },
];

/** Tries each guard for real, with the programs that it is for, behind those that were found before it. */
export async function findGuards(options: GuardOptions): Promise<readonly Guard[]> {
  const guards: Guard[] = [];
  for (const layer of listLayers(options)) {
    const guard = await findFirst(layer, (candidate) => works(candidate, guards, options));
    if (guard) guards.push(guard);
  }
  return guards;
}

async function findFirst<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<T | undefined> {
  for (const item of items) if (await holds(item)) return item;
  return undefined;
}

async function works(
  { needs, refuses, wrap }: Candidate,
  outer: readonly Guard[],
  { trialDir, searchPath, programs }: GuardOptions,
): Promise<boolean> {
  if (needs && !listProtections(outer).includes(needs)) return false;
  const prefix = [...wrapAll(outer, trialDir), ...wrap(trialDir)];
  const run = (command: readonly string[]) => succeeds([...prefix, ...command], { cwd: trialDir, searchPath });
  for (const command of [['true'], ...programs.map((path) => [path, '-version'])]) {
    if (!(await run(command))) return false;
  }
  return !refuses || !(await succeeds([...wrapAll(outer, trialDir), ...refuses], { cwd: trialDir, searchPath }));
}

/** Everything that comes before a command that works in `cwd`. */
export function wrapAll(guards: readonly Guard[], cwd: string): readonly string[] {
  return guards.flatMap((guard) => guard.wrap(cwd));
}

function listProtections(guards: readonly Guard[]): readonly Protection[] {
  return guards.flatMap((guard) => guard.protections);
}

export interface Protections {
  held: readonly Protection[];
  missing: readonly Protection[];
}

/** For the log, for `/health` and for the doctor. */
export function describeProtections(guards: readonly Guard[]): Protections {
  const held = listProtections(guards);
  return { held, missing: PROTECTIONS.filter((protection) => !held.includes(protection)) };
}
