import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { BlobsServer } from '@netlify/blobs/server';

/**
 * Runs the functions of a directory as Netlify does: Request → Response, by the path and the method of their `config`,
 * one whose name ends in -background after it was answered 202; with Netlify's own local store of blobs behind them.
 *   node netlify-site.ts PORT DIRECTORY BLOBS_DIRECTORY
 */
interface NetlifyFunction {
  name: string;
  config: { path: string; method: string };
  default(request: Request, context: { params: Record<string, string> }): Promise<Response | undefined>;
}

const [port = '', dir = '', blobsDir = ''] = process.argv.slice(2);
const blobs = new BlobsServer({ directory: blobsDir, token: 'local' });
const edgeURL = `http://127.0.0.1:${(await blobs.start()).port}`;
const blobsContext = { edgeURL, uncachedEdgeURL: edgeURL, siteID: 'local', token: 'local' };
process.env['NETLIFY_BLOBS_CONTEXT'] = Buffer.from(JSON.stringify(blobsContext)).toString('base64');
const names = (await readdir(dir)).filter((name) => name.endsWith('.mts'));
const functions = await Promise.all(
  names.map(async (name) => ({ ...((await import(resolve(dir, name))) as NetlifyFunction), name })),
);

createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500).end();
  });
}).listen(Number(port), '127.0.0.1', () => console.log('the site is ready'));

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(incoming.url!, `http://${incoming.headers.host}`);
  for (const one of functions) {
    const match = new URLPattern({ pathname: one.config.path }).exec(url);
    if (!match || one.config.method !== incoming.method) continue;
    const body = incoming.method === 'GET' ? undefined : await buffer(incoming);
    const request = new Request(url, {
      method: incoming.method,
      headers: incoming.headers as Record<string, string>,
      body,
    });
    const isBackground = one.name.endsWith('-background.mts');
    if (isBackground) response.writeHead(202).end();
    const params = match.pathname.groups as Record<string, string>;
    const answered = await one.default(request, { params });
    if (!isBackground) response.writeHead(answered!.status).end(Buffer.from(await answered!.arrayBuffer()));
    return;
  }
  response.writeHead(404).end();
}
