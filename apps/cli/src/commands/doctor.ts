import { loadConfigOrExit } from '@tapedeck/runtime';
import { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { examineJournal } from '../doctor/journal.ts';
import { examineRedis } from '../doctor/redis.ts';
import { examineStorage } from '../doctor/storage.ts';
import { examineTools } from '../doctor/tools.ts';
import type { Finding } from '../doctor/finding.ts';

interface DoctorOptions {
  bucket?: string[];
  fix?: boolean;
  json?: boolean;
}

/** `tapedeck doctor`: says what is not as it should be, and what to do about it. */
export function createDoctorCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('doctor')
    .description(
      'Looks at FFmpeg, Redis and the store as this environment names them. Exit code 1 when something fails.',
    )
    .option('--bucket <name...>', 'buckets to try; default: those of ALLOWED_BUCKETS')
    .option('--fix', 'mend what can be mended: a lifecycle rule that ends incomplete uploads')
    .option('--json', 'one JSON object instead of lines')
    .action(async ({ bucket, fix = false, json = false }: DoctorOptions) => {
      const config = loadConfigOrExit(() => loadConfig(env));
      const buckets = bucket ?? config.ALLOWED_BUCKETS ?? [];
      const findings = [
        ...(await examineTools(config, env.PATH)),
        ...(await examineRedis(config.REDIS_URL)),
        ...(await examineStorage(config.storage, buckets, fix)),
        ...(await examineJournal(config.storage, config.journal)),
      ];
      const isWell = findings.every(({ verdict }) => verdict !== 'fails');
      process.stdout.write(json ? `${JSON.stringify({ ok: isWell, findings })}\n` : findings.map(toLine).join(''));
      process.exitCode = isWell ? 0 : 1;
    });
}

const MARKS = { ok: 'ok   ', warns: 'warn ', fails: 'FAIL ' } as const;

function toLine({ verdict, what, advice }: Finding): string {
  return `${MARKS[verdict]} ${what}\n${advice ? `      ${advice}\n` : ''}`;
}
