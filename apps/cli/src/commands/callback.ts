import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { verifyCallback, type CallbackEvent } from '@tapedeck/client';
import { Command, InvalidArgumentError } from 'commander';
import { loadSecrets } from '../callbacks/load-secrets.ts';
import { parseHeaders, type CallbackHeaders } from '../callbacks/parse-headers.ts';
import { createReceiver, type Reception } from '../callbacks/receive-callbacks.ts';
import { UsageError } from '../exit-code.ts';
import { createInterruption } from '../interruption.ts';
import { printable } from '../printable.ts';
import { readInput, STDIN } from '../read-input.ts';
import { isCode } from '../system-code.ts';

interface SecretOptions {
  secretFile?: string;
  tolerance?: number;
  json?: boolean;
}

/** `tapedeck callback` */
export function createCallbackCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('callback')
    .description('For whoever receives callbacks.')
    .addCommand(createVerifyCommand(env))
    .addCommand(createListenCommand(env));
}

function addSecretOptions(command: Command): Command {
  return command
    .option('--secret-file <file>', 'a file with the secret, or several; default: CALLBACK_SIGNING_SECRET')
    .option('--tolerance <seconds>', 'how far its timestamp may be from now; default: 300', parseCount);
}

interface VerifyOptions extends SecretOptions {
  headers?: string;
  id?: string;
  timestamp?: string;
  signature?: string;
}

function createVerifyCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('verify')
    .description(
      'Says whether a callback that was kept is one of the service, and if not, why. Exit code 1 when it is not.',
    )
    .argument('[file]', 'its body, byte for byte', STDIN)
    .option('--headers <file>', 'its headers: a line each, or a JSON object')
    .option('--id <id>', 'its webhook-id')
    .option('--timestamp <seconds>', 'its webhook-timestamp')
    .option('--signature <text>', 'its webhook-signature')
    .option('--json', 'the event as a JSON object');
  return addSecretOptions(command).action(async (file: string, options: VerifyOptions) => {
    const secrets = await loadSecrets(env, options.secretFile);
    const headers = await collectHeaders(options);
    const body = await readInput('file', file);
    const event = await verifyCallback({ headers, body }, secrets, { toleranceSec: options.tolerance });
    process.stdout.write(
      options.json ? `${JSON.stringify({ ok: true, event })}\n` : `verified: ${describeEvent(event)}\n`,
    );
  });
}

/** An option comes before what the file says. */
async function collectHeaders({ headers, id, timestamp, signature }: VerifyOptions): Promise<CallbackHeaders> {
  const kept = headers === undefined ? {} : parseHeaders((await readInput('--headers', headers)).toString('utf8'));
  const given: CallbackHeaders = {
    ...(id !== undefined && { 'webhook-id': id }),
    ...(timestamp !== undefined && { 'webhook-timestamp': timestamp }),
    ...(signature !== undefined && { 'webhook-signature': signature }),
  };
  const others = Object.entries(kept).filter(([name]) => !(name.toLowerCase() in given));
  return { ...Object.fromEntries(others), ...given };
}

interface ListenOptions extends SecretOptions {
  port: number;
  status: number;
  fail: number;
}

function createListenCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('listen')
    .description('Receives callbacks on this machine, verifies them and prints them, until Ctrl-C.')
    .option('--port <number>', 'of 127.0.0.1; 0: any that is free', parsePort, 0)
    .option('--status <code>', 'the answer to what is verified; the rest gets 401', parseStatus, 200)
    .option('--fail <count>', 'answer the first ones with 503, to see them come again', parseCount, 0)
    .option('--json', 'JSON objects, one a line, the first with the URL');
  return addSecretOptions(command).action(
    async ({ port, status, fail, secretFile, tolerance, json = false }: ListenOptions) => {
      const secrets = await loadSecrets(env, secretFile);
      const signal = createInterruption();
      const server = createReceiver({
        ...{ secrets, status, failFirst: fail, toleranceSec: tolerance },
        onReception: (reception) =>
          process.stdout.write(json ? `${JSON.stringify(reception)}\n` : describeReception(reception)),
      });
      server.listen(port, '127.0.0.1');
      await once(server, 'listening', { signal }).catch((error: unknown) => {
        if (!isCode(error, 'EADDRINUSE', 'EACCES')) throw error;
        throw new UsageError(`--port: expected one that is free, got ${port}`, { cause: error });
      });
      // A server that listens on a port has an address of this kind.
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      process.stdout.write(json ? `${JSON.stringify({ url })}\n` : `${url}\n`);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      server.closeAllConnections();
      server.close();
      throw signal.reason;
    },
  );
}

function describeReception({ status, event, isAgain, error }: Reception): string {
  const what = event
    ? `verified${isAgain ? ' again' : ''}: ${describeEvent(event)}`
    : `${error?.code}: ${printable(error?.message ?? '')}`;
  return `${status} ${what}\n`;
}

/** In a line. */
function describeEvent({ eventId, ...event }: CallbackEvent): string {
  return `${printable(eventId)} ${printable(JSON.stringify(event))}`;
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number from 0');
}

function parsePort(text: string): number {
  const port = parseCount(text);
  if (port <= 65_535) return port;
  throw new InvalidArgumentError('expected a port, 0 to 65535');
}

function parseStatus(text: string): number {
  if (/^[2-5]\d\d$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected an HTTP status, 200 to 599');
}
