import { decodeBase64 } from './decode-base64.ts';
import { TapedeckError } from './tapedeck-error.ts';
import { loadCrypto, type SecretKey } from './web-crypto.ts';

/**
 * Keys to sign with, for comparison.
 * @param secrets one or several, each `whsec_` and base64; in a text with white space between
 * @throws TapedeckError CALLBACK_SECRET_INVALID, also for none at all: that is a setting that was forgotten, and what
 *   nobody can verify is not verified
 */
export async function importSecrets(secrets: string | readonly string[]): Promise<SecretKey[]> {
  const all = [secrets].flat().flatMap((text) =>
    String(text)
      .split(/\s+/)
      .filter((part) => part !== ''),
  );
  if (all.length === 0) throw new TapedeckError('CALLBACK_SECRET_INVALID', 'secrets: expected whsec_…, got none');
  const { subtle } = await loadCrypto();
  return Promise.all(
    all.map((secret, index) => {
      const bytes = parseSecret(secret);
      if (bytes) return subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
      const which = all.length === 1 ? 'secrets' : `secrets, number ${index + 1} of ${all.length}`;
      throw new TapedeckError('CALLBACK_SECRET_INVALID', `${which}: expected whsec_ and base64, got something else`);
    }),
  );
}

function parseSecret(secret: string): Uint8Array<ArrayBuffer> | undefined {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  if (base64 === undefined) return undefined;
  try {
    const bytes = decodeBase64(base64);
    return bytes.length > 0 ? bytes : undefined;
  } catch {
    return undefined;
  }
}
