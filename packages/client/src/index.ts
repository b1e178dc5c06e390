export type {
  Accepted,
  BatchAnswer,
  Callback,
  ErrorCode,
  HlsOutput,
  HlsRequest,
  Job,
  JobList,
  KnownErrorCode,
  RenditionOutput,
  TapeOutput,
  TapeRequest,
  TestCallback,
} from './contract.ts';
export {
  createClient,
  type CallOptions,
  type ClientOptions,
  type ConvertOptions,
  type JobQuery,
  type TapedeckClient,
} from './create-client.ts';
export { MAX_CALLBACK_BYTES, type CallbackRequest, type PlainRequest } from './raw-body.ts';
export { TapedeckError, type ClientErrorCode, type FieldError, type TapedeckErrorOptions } from './tapedeck-error.ts';
export { verifyCallback, type CallbackEvent, type VerifyOptions } from './verify-callback.ts';
export type { WaitOptions } from './watch-job.ts';
