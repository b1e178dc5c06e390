// `npm run audit`, a part of `npm run check`: known vulnerabilities of what we run in production, from "high" on, fail it.
// A registry that takes no audits, or none at all, is said and is no failure: a check must also work on a train.
import { spawnSync } from 'node:child_process';

const LEVELS = ['high', 'critical'];
const TIMEOUT_MS = 60_000;

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8', timeout: TIMEOUT_MS });
const report = parse(stdout);
if (!report?.vulnerabilities) {
  console.log(`audit: not done, the registry did not answer (${report?.message ?? 'no answer'})`);
} else {
  const found = Object.values(report.vulnerabilities).filter(({ severity }) => LEVELS.includes(severity));
  for (const { name, severity, range } of found) console.error(`audit: ${name} ${range} (${severity}); see npm audit`);
  if (found.length > 0) process.exitCode = 1;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
