import type { Finding } from '@tapedeck/media';
import { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { EXIT_CODES, UnavailableError } from '../exit-code.ts';
import { inspectTarget, isUrl } from '../inspect/inspect-target.ts';
import { createInterruption } from '../interruption.ts';
import { printable } from '../printable.ts';

const TIMEOUT_MIN = 60;

/** `tapedeck inspect`: says what is wrong with a result, whoever made it. */
export function createInspectCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('inspect')
    .description('Says what is wrong with an MP4 or an HLS playlist. Exit code 1 when something is.')
    .argument('<file or URL>', 'an MP4, a master playlist or a media playlist')
    .option('--json', 'one JSON object instead of lines')
    .action(async (target: string, { json = false }: { json?: boolean }, command: Command) => {
      const config = loadConfig(env);
      if (isUrl(target) && !URL.canParse(target)) command.error('file or URL: expected a file or a URL');
      const findings = await inspectOrGiveUp(createInterruption(), (signal) =>
        inspectTarget(target, { config, searchPath: env.PATH, signal }),
      );
      const isWell = findings.every(({ verdict }) => verdict !== 'wrong');
      process.stdout.write(json ? `${JSON.stringify({ ok: isWell, findings })}\n` : describe(findings));
      process.exitCode = isWell ? EXIT_CODES.done : EXIT_CODES.failed;
    });
}

/**
 * @throws UnavailableError for what keeps us from looking: it is no fault of the file, and no reason to say that it is
 *   well
 */
async function inspectOrGiveUp(
  stopping: AbortSignal,
  inspect: (signal: AbortSignal) => Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await inspect(AbortSignal.any([stopping, AbortSignal.timeout(TIMEOUT_MIN * 60_000)]));
  } catch (error) {
    stopping.throwIfAborted();
    const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
    // A JobError's, or the system's: no room in WORK_DIR, for one.
    const isKnown = error instanceof UnavailableError || (error instanceof Error && 'code' in error);
    if (!isTimeout && !isKnown) throw error;
    const reason = isTimeout ? `not done after ${TIMEOUT_MIN} minutes` : error.message;
    const advice = 'npm run tapedeck -- doctor ffmpeg says whether this machine can.';
    throw new UnavailableError(`It was not looked at: ${reason}. ${advice}`, { cause: error });
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
