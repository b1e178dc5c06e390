import { expect, test } from '@jest/globals';
import { loadConfig } from './config.ts';

const needed = { REDIS_URL: 'redis://localhost', CALLBACK_SIGNING_SECRET: 'whsec_c2VjcmV0' };

test('superseded segments stay longer than any job takes, or the worker does not start', () => {
  const kept = (SUPERSEDED_KEEP_MS: string) => loadConfig({ ...needed, JOB_TIMEOUT_MS: '1000', SUPERSEDED_KEEP_MS });
  expect(kept('1001')).toMatchObject({ SUPERSEDED_KEEP_MS: 1001 });
  expect(() => kept('1000')).toThrow('SUPERSEDED_KEEP_MS: expected more than JOB_TIMEOUT_MS (1000), got 1000');
});

test('results go before the records by which they are found, or the worker does not start', () => {
  const kept = (DELETE_RESULTS_AFTER_DAYS: string) =>
    loadConfig({ ...needed, KEEP_JOBS_DAYS: '10', DELETE_RESULTS_AFTER_DAYS });
  expect(kept('10').retention).toMatchObject({ resultsMs: 864_000_000, recordsMs: 864_000_000 });
  expect(loadConfig(needed).retention).toMatchObject({ resultsMs: undefined, recordsMs: 90 * 86_400_000 });
  expect(() => kept('11')).toThrow('DELETE_RESULTS_AFTER_DAYS: expected at most KEEP_JOBS_DAYS (10), got 11');
});

test('an encode may plan with seventy per cent of the memory, shared by what runs at once', () => {
  const one = loadConfig({ ...needed }).encodeMemoryBytes;
  expect(loadConfig({ ...needed, WORKER_CONCURRENCY: '2' }).encodeMemoryBytes).toBe(Math.floor(one / 2));
  expect(loadConfig({ ...needed, ENCODE_MEMORY_BYTES: '12345' }).encodeMemoryBytes).toBe(12345);
});

test('whoever names keys of oven-complete names its secret, or the worker does not start', () => {
  const keys = { ...needed, OVEN_COMPLETE_KEYS: 'site, other' };
  expect(() => loadConfig(keys)).toThrow('OVEN_CALLBACK_SECRET: expected it, because OVEN_COMPLETE_KEYS is set');
  expect(loadConfig({ ...keys, OVEN_CALLBACK_SECRET: 'x' }).OVEN_COMPLETE_KEYS).toEqual(['site', 'other']);
});
