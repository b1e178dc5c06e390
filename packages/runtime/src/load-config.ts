import { CONFIG_EXIT_CODE, ConfigError } from './environment.ts';

/** The configuration, or the end of the process with a message that names the variable and no stack. */
export function loadConfigOrExit<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    exitOnConfigError(error);
  }
}

/** @throws whatever is no ConfigError */
export function exitOnConfigError(error: unknown): never {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(CONFIG_EXIT_CODE);
}
