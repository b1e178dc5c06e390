import { expect, test } from '@jest/globals';
import { describeMediaProblem, describeStreamProblem } from './problems.ts';

test.each([
  [{ details: 'manifestLoadError', httpStatus: 404 }, 'not there any more'],
  [{ details: 'fragLoadError', httpStatus: 404 }, 'A part of it is missing'],
  [{ details: 'fragLoadError', httpStatus: 503 }, 'HTTP 503'],
  [{ details: 'levelLoadError', httpStatus: 401 }, 'not signed in'],
  [{ details: 'manifestLoadError', httpStatus: 403 }, 'not given out (HTTP 403)'],
  [{ details: 'fragLoadTimeOut' }, 'did not answer in time'],
  [{ details: 'fragLoadError', httpStatus: 0 }, 'did not answer in time'],
  [{ details: 'manifestIncompatibleCodecsError' }, 'cannot decode'],
  [{ details: 'bufferAddCodecError' }, 'cannot decode'],
  [{ details: 'fragParsingError' }, 'damaged'],
  [{ details: 'manifestParsingError' }, 'damaged'],
  [{ details: 'internalException' }, 'gave up (internalException)'],
])('%j of a stream is told in words', (problem, words) => {
  expect(describeStreamProblem(problem)).toContain(words);
});

test.each([
  [{ code: 2, message: '' }, 206, 'broke off'],
  [{ code: 3, message: 'PIPELINE_ERROR_DECODE' }, 206, 'damaged'],
  [{ code: 4, message: 'Format error' }, 206, 'cannot play it'],
  [{ code: 4, message: 'Format error' }, 404, 'not there any more'],
  [{ code: 4, message: 'Format error' }, 503, 'HTTP 503'],
  [{ code: 4, message: 'Format error' }, undefined, 'did not arrive'],
  [{ code: 1, message: '' }, 200, 'gave up (1)'],
])('%j of a file that answers %s is told in words', (error, httpStatus, words) => {
  expect(describeMediaProblem(error, httpStatus)).toContain(words);
});
