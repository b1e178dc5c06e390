import { startLocalStack } from './local-stack.ts';
import { runScript } from './run-script.ts';

/** `npm start`: the whole stack in one terminal, until Ctrl-C. `npm run dev` is the same with reload. */
await runScript(async ({ signal, stopped }) => {
  const stack = await startLocalStack(process.env, { stopping: signal, watch: process.argv.includes('--watch') });
  try {
    const tokenLine = !stack.token
      ? 'the one that the environment names'
      : stack.tokenIsNew
        ? `${stack.token}   (shown once; kept in ${stack.dataDir}/secrets.json)`
        : `in ${stack.dataDir}/secrets.json`;
    const passwordLine = !stack.adminPassword
      ? ''
      : stack.tokenIsNew
        ? `   password ${stack.adminPassword}`
        : `   password in ${stack.dataDir}/secrets.json`;
    console.log(
      `\nTapedeck is ready.\n  API        ${stack.url}\n  token      ${tokenLine}\n` +
        `  dashboard  ${stack.url}/admin${passwordLine}\n  Ctrl-C stops it.\n`,
    );
    const broken = await Promise.race([stopped, stack.broken]);
    if (broken) throw broken;
  } finally {
    await stack.stop();
  }
});
