import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogFiles } from '../../packages/runtime/src/logs/log-files.ts';
import { sweepLogDir } from '../../packages/runtime/src/logs/sweep-log-dir.ts';

/**
 * `log-writer.ts DIR NAME`: says that it is ready, waits for the time to start on stdin, and then writes lines and sweeps
 * the directory, as every process does, from ten minutes before midnight to two hours after it. All who were told the
 * same start have the same clock, on which an hour takes 720 ms. Prints how many lines it wrote.
 */
const [dir = '', name = ''] = process.argv.slice(2);
const SPEED = 5_000;
const MIDNIGHT = Date.parse('2026-11-23T00:00:00Z');
const MINUTE_MS = 60_000;

console.log('ready');
const startedAtMs = await text(process.stdin);
const nowMs = (): number => MIDNIGHT - 10 * MINUTE_MS + (Date.now() - Number(startedAtMs)) * SPEED;

const files = createLogFiles({ dir, nowMs, onFailure: (error) => console.error(error) }, []);
let count = 0;
while (nowMs() < MIDNIGHT + 120 * MINUTE_MS) {
  for (let line = 0; line < 20; line += 1) {
    count += 1;
    files.write('error', `${JSON.stringify({ name, count, filler: 'x'.repeat(500) })}\n`);
  }
  await sweepLogDir(dir, nowMs(), new AbortController().signal);
  await sleep(1);
}
console.log(count);
