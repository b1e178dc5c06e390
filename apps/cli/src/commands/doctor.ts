import { Argument, Command } from 'commander';
import { loadConfig } from '../config.ts';
import { examineAll, PARTS, type Part } from '../doctor/examine-all.ts';
import { EXIT_CODES } from '../exit-code.ts';
import { describeFinding, isWell } from '../doctor/finding.ts';

interface DoctorOptions {
  bucket?: string[];
  fix?: boolean;
  json?: boolean;
}

/** `tapedeck doctor`: says what is not as it should be, and what to do about it. */
export function createDoctorCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('doctor')
    .description('Looks at what this environment names, and says what to do. Exit code 1 when something fails.')
    .addArgument(new Argument('[part...]', 'what to look at; default: everything').choices(PARTS))
    .option('--bucket <name...>', 'buckets to try; default: those of ALLOWED_BUCKETS')
    .option('--fix', 'mend what can be mended: rules of the buckets for incomplete uploads and for players elsewhere')
    .option('--json', 'one JSON object instead of lines')
    .action(async (parts: Part[], { bucket, fix = false, json = false }: DoctorOptions) => {
      const config = loadConfig(env);
      const buckets = bucket ?? config.ALLOWED_BUCKETS ?? [];
      const findings = await examineAll(parts, { config, searchPath: env.PATH, buckets, fix });
      const ok = isWell(findings);
      process.stdout.write(json ? `${JSON.stringify({ ok, findings })}\n` : findings.map(describeFinding).join(''));
      process.exitCode = ok ? EXIT_CODES.done : EXIT_CODES.failed;
    });
}
