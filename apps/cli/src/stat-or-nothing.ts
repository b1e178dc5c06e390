import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isCode } from './system-code.ts';

/** @returns undefined where there is nothing. @throws whatever else keeps one from looking */
export function statOrNothing(path: string): Promise<Stats | undefined> {
  return stat(path).catch(ignoreAbsence);
}

/** For a `catch` of what may not be there. @throws what else it is */
export function ignoreAbsence(error: unknown): undefined {
  if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
  throw error;
}
