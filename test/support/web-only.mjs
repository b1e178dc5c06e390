// Runs the installed client where there is nothing but what the Web has: no process, no Buffer, no module of Node's.
//   node --experimental-vm-modules web-only.mjs BASE_URL TOKEN JOB
import { readFile } from 'node:fs/promises';
import { createContext, runInContext, SourceTextModule } from 'node:vm';

const [baseUrl, token, jobId] = process.argv.slice(2);
const { fetch, crypto, Headers, Request, Response, URL, URLSearchParams, ReadableStream } = globalThis;
const { TextEncoder, TextDecoder, AbortController, AbortSignal, setTimeout, clearTimeout, atob } = globalThis;
const web = { fetch, crypto, Headers, Request, Response, URL, URLSearchParams, ReadableStream, TextEncoder };
const context = createContext({
  ...{ ...web, TextDecoder, AbortController, AbortSignal, setTimeout, clearTimeout, atob },
  ...{ baseUrl, token, jobId },
});

const modules = new Map();
async function load(url) {
  if (!modules.has(url)) {
    modules.set(url, new SourceTextModule(await readFile(new URL(url), 'utf8'), { context, identifier: url }));
  }
  return modules.get(url);
}
const main = await load(import.meta.resolve('@tapedeck/client'));
await main.link((path, from) => load(new URL(path, from.identifier).href));
await main.evaluate();
context.client = main.namespace;
const script = `(async () => {
  const { createClient, verifyCallback } = client;
  const jobs = [];
  for await (const job of createClient({ baseUrl, token }).waitFor(jobId)) jobs.push(job.status);
  const refused = await verifyCallback({ headers: {}, body: '' }, 'whsec_c2VjcmV0').catch((error) => error.code);
  globalThis.crypto = undefined;
  const withoutCrypto = await verifyCallback({ headers: {}, body: '' }, 'whsec_c2VjcmV0').catch(
    ({ name, code }) => name + ' ' + code,
  );
  return JSON.stringify({ jobs, refused, withoutCrypto });
})()`;
console.log(await runInContext(script, context));
