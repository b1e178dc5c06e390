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
  [{ code: 2, message: '' }, 'broke off'],
  [{ code: 3, message: 'PIPELINE_ERROR_DECODE' }, 'damaged'],
  [{ code: 4, message: '404: Not Found' }, 'not there any more: it was deleted'],
  [{ code: 4, message: '503: Service Unavailable' }, 'HTTP 503'],
  [{ code: 4, message: 'Format error' }, 'nothing that this browser can play'],
  [{ code: 1, message: '' }, 'gave up (1)'],
])('%j of a file is told in words', (error, words) => {
  expect(describeMediaProblem(error)).toContain(words);
});
