import { expect, test } from '@jest/globals';
import { createLogger } from './logger.ts';
import { createThrottledErrorLog } from './throttled-log.ts';

test('a storm of one error is one line, another error is another', () => {
  const lines: object[] = [];
  const logger = createLogger({ name: 'test', level: 'silent' });
  const log = createThrottledErrorLog(
    Object.assign(logger, { error: (fields: object) => lines.push(fields) }),
    'queue error',
  );
  for (let nth = 0; nth < 5_000; nth += 1) log(new Error('MISCONF'));
  expect(lines).toHaveLength(1);
  log(new Error('READONLY'));
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ suppressed: 4_999 });
});
