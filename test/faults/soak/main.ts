import { parseArgs } from 'node:util';
import { runScript } from '../../../scripts/run-script.ts';
import { reportSoak } from './report.ts';
import { runSoak } from './soak.ts';

/** `npm run soak -- --minutes N --seed S`. Exit code 1 when a promise was not kept. */
await runScript(async ({ signal }) => {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
  const minutes = parseNumber('minutes', values.minutes ?? '2');
  const seed = parseNumber('seed', values.seed ?? String(Date.now() % 1_000_000));
  console.log(`soak for ${minutes} minutes with seed ${seed}`);
  const result = await runSoak({ seed, durationMs: minutes * 60_000, signal });
  console.log(reportSoak(seed, result));
  process.exitCode = result.broken.length > 0 ? 1 : 0;
});

function parseNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`--${name}: expected a number, got ${JSON.stringify(text)}`);
}
