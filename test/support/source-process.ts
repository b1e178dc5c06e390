import { resolve } from 'node:path';

/** Arguments with which this Node runs a source file as it is. */
export function runSource(path: string, ...args: readonly string[]): string[] {
  return ['--conditions=source', '--disable-warning=ExperimentalWarning', path, ...args];
}

/**
 * What one process has compiled, the next one finds: of the two seconds that an API or a worker needs to start, half
 * went into stripping and compiling the same files, and the tests start hundreds.
 */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: resolve('node_modules/.cache/node-compile') };
