// A caller as somebody else writes it, with the client that is installed beside it: serves the tape, submits it, and
// prints the event of the callback that it has verified.
//   node packed-caller.mjs BASE_URL TOKEN SECRET ZIP
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { createClient, verifyCallback } from '@tapedeck/client';

const [baseUrl, token, secret, zipPath] = process.argv.slice(2);
const zip = await readFile(zipPath);

const server = createServer(async (request, response) => {
  if (request.method === 'GET') return response.end(zip);
  const event = await verifyCallback({ headers: request.headers, body: await buffer(request) }, secret);
  response.writeHead(204).end();
  console.log(JSON.stringify(event));
  server.close();
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const own = `http://127.0.0.1:${server.address().port}`;

const client = createClient({ baseUrl, token });
const names = { mongoId: 'packed', slug: 'packed', bucket: 'tapes' };
const { jobId } = await client.convertTape({ ...names, zipUrl: `${own}/packed.zip`, callbackUrl: `${own}/done` });
for await (const job of client.waitFor(jobId)) console.error(job.status, job.progress);
