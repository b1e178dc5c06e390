import { isRecord } from './json.ts';
import { TapedeckError } from './tapedeck-error.ts';

/** Not written where bundlers look for modules: what they make for a browser or an edge has none, and needs none. */
const NODE_CRYPTO: string = 'node:crypto';

// By what they come from: Node's types have no such names.
export type WebCrypto = typeof globalThis.crypto;
export type SecretKey = Awaited<ReturnType<WebCrypto['subtle']['importKey']>>;

/** WebCrypto, which Node 18 has as well, but not as a global. @throws TapedeckError WEBCRYPTO_MISSING */
export async function loadCrypto(): Promise<WebCrypto> {
  if (isCrypto(globalThis.crypto)) return globalThis.crypto;
  const module = await importNodeCrypto();
  if (isRecord(module) && isCrypto(module['webcrypto'])) return module['webcrypto'];
  const message = 'expected WebCrypto, got none: pages have it on https: and on localhost alone';
  throw new TapedeckError('WEBCRYPTO_MISSING', message);
}

/** undefined where there is no such module. */
async function importNodeCrypto(): Promise<unknown> {
  try {
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ NODE_CRYPTO);
  } catch {
    return undefined;
  }
}

function isCrypto(value: unknown): value is WebCrypto {
  return isRecord(value) && isRecord(value['subtle']);
}
