import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadEnvironment } from '@tapedeck/runtime';
import { ALIVE_FILE } from '@tapedeck/upkeep';

/** For the container's health check: exit code 0 while a worker below WORK_DIR has shown life within 30 s. */
const MAX_AGE_MS = 30_000;

const { WORK_DIR: workDir } = loadEnvironment(process.env, ['WORK_DIR']);
const names = await readdir(workDir);
const ages = await Promise.all(
  names.map(async (name) => {
    const info = await stat(join(workDir, name, ALIVE_FILE)).catch(() => undefined);
    return info ? Date.now() - info.mtimeMs : Infinity;
  }),
);
process.exitCode = Math.min(...ages) < MAX_AGE_MS ? 0 : 1;
