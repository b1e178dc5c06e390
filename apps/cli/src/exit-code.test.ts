import { describe, expect, test } from '@jest/globals';
import { ERROR_TABLE, JobError, type ErrorCode } from '@tapedeck/contracts';
import { ConfigError } from '@tapedeck/runtime';
import { CommanderError } from 'commander';
import { EXIT_CODES, exitCodeOf, judgeError, UnavailableError, UsageError } from './exit-code.ts';
import { Interruption } from './interruption.ts';

const systemError = (code: string) => Object.assign(new Error(`${code}: it said`), { code });

describe('the exit code', () => {
  test.each([
    [new CommanderError(1, 'commander.unknownOption', 'said already'), EXIT_CODES.usage],
    [new CommanderError(0, 'commander.helpDisplayed', 'said already'), EXIT_CODES.done],
    [new UsageError('--from: expected a time, got "x"'), EXIT_CODES.usage],
    [new ConfigError('PORT: expected a number'), EXIT_CODES.config],
    [new JobError('ARCHIVE_CORRUPT'), EXIT_CODES.input],
    [new JobError('SOURCE_TOO_LARGE'), EXIT_CODES.input],
    [new JobError('MEDIA_UNRECOGNIZED'), EXIT_CODES.input],
    [new JobError('REQUEST_INVALID'), EXIT_CODES.usage],
    [new JobError('ENCODE_FAILED'), EXIT_CODES.failed],
    [new JobError('STORAGE_UNAVAILABLE'), EXIT_CODES.unavailable],
    [new UnavailableError('there is no FFmpeg'), EXIT_CODES.unavailable],
    [systemError('ENOSPC'), EXIT_CODES.unavailable],
    [systemError('ECONNREFUSED'), EXIT_CODES.unavailable],
    [new Interruption(130), 130],
    [systemError('ERR_INVALID_ARG_TYPE'), EXIT_CODES.failed],
    [new TypeError('a bug'), EXIT_CODES.failed],
    ['anything', EXIT_CODES.failed],
  ])('of %s is %i', (error, exitCode) => {
    expect(judgeError(error).exitCode).toBe(exitCode);
  });

  test('says whose fault it was, by the first word of each code', () => {
    const byWord = Map.groupBy(Object.keys(ERROR_TABLE) as ErrorCode[], (code) => code.split('_')[0]);
    for (const word of ['SOURCE', 'ARCHIVE', 'MEDIA']) {
      const codes = byWord.get(word)!.filter((code) => !code.endsWith('_URL_REFUSED'));
      expect(codes.map(exitCodeOf)).toEqual(codes.map(() => EXIT_CODES.input));
    }
  });

  test('of a URL or a name that is refused is that of a wrong argument, whatever it is the name of', () => {
    const codes = Object.keys(ERROR_TABLE).filter((code) => /_(?:URL|KEY)_REFUSED$/.test(code));
    expect(Object.fromEntries(codes.map((code) => [code, exitCodeOf(code)]))).toEqual({
      SOURCE_URL_REFUSED: EXIT_CODES.usage,
      CALLBACK_URL_REFUSED: EXIT_CODES.usage,
      STORAGE_KEY_REFUSED: EXIT_CODES.usage,
      UPLOAD_URL_REFUSED: EXIT_CODES.usage,
    });
  });
});

describe('the message', () => {
  test('of a full disk is one sentence, under the code that the API has for it', () => {
    const { message, code } = judgeError(systemError('ENOSPC'));
    expect({ message, code }).toEqual({
      message: 'The disk is full: make room where the result goes, or in WORK_DIR.',
      code: 'WORKER_DISK_FULL',
    });
  });

  test('of what is known has no stack; of a bug it has', () => {
    expect(judgeError(new JobError('MEDIA_TOO_LONG', 'expected 4 h, got 5 h')).message).not.toContain('\n');
    expect(judgeError(new TypeError('a bug')).message).toContain('exit-code.test');
  });
});
