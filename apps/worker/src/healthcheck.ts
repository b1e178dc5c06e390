import { loadEnvironment } from '@tapedeck/runtime';
import { hasLivingWorker } from '@tapedeck/upkeep';

/** For the container's health check: exit code 0 while its worker shows life. */
const MAX_SILENCE_MS = 30_000;

const { WORK_DIR: workDir } = loadEnvironment(process.env, ['WORK_DIR']);
process.exitCode = (await hasLivingWorker(workDir, MAX_SILENCE_MS)) ? 0 : 1;
