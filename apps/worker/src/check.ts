import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { prepareTools } from '@tapedeck/conversion';
import { ConfigError, exitOnConfigError } from '@tapedeck/runtime';
import { withScratch } from '@tapedeck/upkeep';
import { loadConfig } from './config.ts';

/**
 * For whoever is going to start a worker some time: exit code 0 where this machine and this environment have what it
 * needs, else 78 and on stderr what is wrong. Nothing is asked over a network.
 */
try {
  const config = loadConfig(process.env);
  await requireWritable('WORK_DIR', config.workDir);
  await withScratch(config.workDir, (dir) => prepareTools(config, { dir, searchPath: process.env.PATH }));
} catch (error) {
  exitOnConfigError(error);
}

/** @throws ConfigError */
async function requireWritable(variable: string, dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    await access(dir, constants.W_OK | constants.X_OK);
  } catch {
    throw new ConfigError(`${variable}: expected a directory that can be written, got ${JSON.stringify(dir)}`);
  }
}
