import { JobError } from '@tapedeck/contracts';

/** Uses a file that FFmpeg owes us although it ended well. @throws JobError ENCODE_OUTPUT_INVALID where it is not there */
export function orNotWritten<Value>(what: string, use: () => Promise<Value>): Promise<Value> {
  return use().catch((cause: unknown) => {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw isAbsent ? new JobError('ENCODE_OUTPUT_INVALID', `${what} was not written`, { cause }) : cause;
  });
}
