import { stat } from 'node:fs/promises';
import { createSpacesStore, hashFile } from '@tapedeck/transfer';

/**
 * A process that does nothing but what a worker does when it publishes: hash, put, head. Prints the most memory that it
 * had, in bytes. Plain JavaScript, so that the built packages run, and nothing else, as in production.
 *   node upload-file.mjs OPTIONS-AS-JSON BUCKET KEY PATH
 */
const [options = '', bucket = '', key = '', path = ''] = process.argv.slice(2);
const store = createSpacesStore(JSON.parse(options));
const [{ size: sizeBytes }, sha256Hex] = await Promise.all([stat(path), hashFile(path)]);
const signal = AbortSignal.timeout(300_000);
await store.put({ bucket, key, path, sizeBytes, sha256Hex, assertMayPublish: () => Promise.resolve() }, signal);
const stored = await store.head(bucket, key, signal);
if (stored?.sizeBytes !== sizeBytes || stored.sha256Hex !== sha256Hex) throw new Error('not what was sent');
console.log(process.resourceUsage().maxRSS * 1024);
