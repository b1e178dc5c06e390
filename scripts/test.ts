import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * `npm test`: everything that must hold before something lands. Static checks first, because they answer in seconds;
 * then every test. Ends with one line, `N passed, N failed`, in which a static check counts as one.
 *
 * Signals reach the children through the terminal's process group, or through the pipe that closes.
 */
const NODE = process.execPath;
const STATIC = {
  lint: ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'],
  build: ['node_modules/typescript/bin/tsc', '-b'],
  'types of tests and scripts': ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.test.json'],
  format: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
  'unused code': ['node_modules/knip/bin/knip.js'],
  'types of the dashboard': ['node_modules/typescript/bin/tsc', '-p', 'apps/dashboard'],
  dashboard: ['--conditions=source', 'scripts/build-dashboard.ts'],
};

let passed = 0;
let failed = 0;

/** Each is one thread's work for up to a minute, the longest first: as many at once as two processors take. */
const waiting = Object.entries(STATIC);
const runChecks = async (): Promise<void> => {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [name, args] = next;
    const ok = (await run(args)) === 0;
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
    if (ok) passed += 1;
    else failed += 1;
  }
};
await Promise.all([runChecks(), runChecks()]);

/** A browser that plays wants the machine for itself. */
const JEST_RUNS = [
  ['--selectProjects', 'unit', 'integration'],
  ['--selectProjects', 'e2e', '--maxWorkers', '1'],
];

for (const projects of JEST_RUNS) {
  const reportPath = join(tmpdir(), `tapedeck-jest-${process.pid}.json`);
  const jestCode = await run([
    ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'],
    ...['--ci', '--json', `--outputFile=${reportPath}`, '--passWithNoTests', ...projects, ...process.argv.slice(2)],
  ]);
  const report = await readFile(reportPath, 'utf8').then(
    (text) => JSON.parse(text) as JestReport,
    () => undefined,
  );
  await rm(reportPath, { force: true });
  passed += report?.numPassedTests ?? 0;
  failed += report?.numFailedTests ?? 0;
  // A suite that did not even load has no failed test, and a leaked handle fails the run without one.
  if (jestCode !== 0 && !report?.numFailedTests) failed += Math.max(1, report?.numRuntimeErrorTestSuites ?? 1);
}

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
}

function run(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    // stdout of jest --json is the report itself, which is in the file: people read its stderr.
    const isJest = args.includes('--json');
    const child = spawn(NODE, args, { stdio: ['ignore', isJest ? 'ignore' : 'inherit', 'inherit'] });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
