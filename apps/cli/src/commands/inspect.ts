import type { Finding } from '@tapedeck/media';
import { loadConfigOrExit } from '@tapedeck/runtime';
import { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { inspectTarget, isUrl } from '../inspect/inspect-target.ts';
import { printable } from '../printable.ts';

const TIMEOUT_MIN = 60;

/** `tapedeck inspect`: says what is wrong with a result, whoever made it. */
export function createInspectCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('inspect')
    .description('Says what is wrong with an MP4 or an HLS playlist. Exit code 1 when something is.')
    .argument('<file or URL>', 'an MP4, a master playlist or a media playlist')
    .option('--json', 'one JSON object instead of lines')
    .action(async (target: string, { json = false }: { json?: boolean }, command: Command) => {
      const config = loadConfigOrExit(() => loadConfig(env));
      if (isUrl(target) && !URL.canParse(target)) command.error('expected a file or a URL');
      const stopping = createStopSignal();
      const signal = AbortSignal.any([stopping, AbortSignal.timeout(TIMEOUT_MIN * 60_000)]);
      const findings = await inspectOrGiveUp(
        () => inspectTarget(target, { config, searchPath: env.PATH, signal }),
        stopping,
      );
      if (!findings) {
        process.stderr.write('interrupted: nothing is known of it\n');
        process.exitCode = 1;
        return;
      }
      const isWell = findings.every(({ verdict }) => verdict !== 'wrong');
      process.stdout.write(json ? `${JSON.stringify({ ok: isWell, findings })}\n` : describe(findings));
      process.exitCode = isWell ? 0 : 1;
    });
}

/** Whoever stops it leaves nothing behind. */
function createStopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => stop.abort());
  }
  return stop.signal;
}

/**
 * What keeps us from looking is no fault of the file, and no reason to say that it is well.
 * @returns undefined when it was stopped
 */
async function inspectOrGiveUp(
  inspect: () => Promise<Finding[]>,
  stopping: AbortSignal,
): Promise<Finding[] | undefined> {
  try {
    return await inspect();
  } catch (error) {
    if (stopping.aborted) return undefined;
    const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
    // A JobError's, or the system's: no room in WORK_DIR, for one.
    const isKnown = error instanceof Error && 'code' in error;
    if (!isTimeout && !isKnown) throw error;
    const reason = isTimeout ? `not done after ${TIMEOUT_MIN} minutes` : error.message;
    const advice = 'npm run tapedeck -- doctor ffmpeg says whether this machine can.';
    return [
      { verdict: 'wrong', code: 'not-inspected', where: 'here', what: `it was not looked at: ${reason}`, advice },
    ];
  }
}

const MARKS = { wrong: 'WRONG', hint: 'hint ' } as const;

function describe(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Nothing is wrong with it.\n';
  return findings.map(toLine).join('');
}

function toLine({ verdict, where, what, advice }: Finding): string {
  return `${MARKS[verdict]} ${printable(`${where}: ${what}`)}\n${advice ? `      ${advice}\n` : ''}`;
}
