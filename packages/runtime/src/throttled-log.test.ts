import { beforeEach, expect, test } from '@jest/globals';
import { createLogger } from './logs/logger.ts';
import { createThrottledErrorLog } from './throttled-log.ts';

let lines: object[];
let log: (error: Error) => void;
beforeEach(() => {
  lines = [];
  const logger = createLogger({ name: 'test', level: 'silent' });
  log = createThrottledErrorLog(
    Object.assign(logger, { error: (fields: object) => lines.push(fields) }),
    'queue error',
  );
});

test('a storm of one error is one line, another error is another', () => {
  for (let nth = 0; nth < 5_000; nth += 1) log(new Error('MISCONF'));
  expect(lines).toHaveLength(1);
  log(new Error('READONLY'));
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ suppressed: 4_999 });
});

test('two errors in turns are two lines', () => {
  for (let nth = 0; nth < 5_000; nth += 1) log(new Error(nth % 2 === 0 ? 'OOM in one script' : 'OOM in the other'));
  expect(lines).toHaveLength(2);
});

test('an error that names another job each time is a few lines', () => {
  for (let nth = 0; nth < 5_000; nth += 1) log(new Error(`could not renew lock for job ${nth}`));
  expect(lines).toHaveLength(5);
});
