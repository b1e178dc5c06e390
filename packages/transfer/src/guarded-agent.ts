import { lookup as resolve, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { isPublicAddress, type UrlPolicy } from './url-policy.ts';

/** Thrown at connect time when a name resolves to an address that is not public. */
class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = 'ADDRESS_REFUSED';
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * The one HTTP agent for sources, callbacks and presigned uploads. The connection goes to the very address that was checked: the check is
 * the lookup that the connection uses, so an answer that changes between two lookups gains nothing. One private address
 * among several refuses the name.
 */
export function createGuardedAgent(policy: UrlPolicy): Agent {
  return new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, ...(!policy.allowPrivateNetwork && { lookup: publicLookup }) },
    headersTimeout: 30_000,
    // Longer than the download's own watch over its speed, which knows better what to say.
    bodyTimeout: 60_000,
  });
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return callback(error, []);
    if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) {
      return callback(new AddressRefusedError('the name resolves to an address that is not public'), []);
    }
    return options.all ? callback(null, addresses) : callback(null, addresses[0]!.address, addresses[0]!.family);
  });
};

/** Looks for a refused address among an error's causes: undici and Node wrap it, once per address family. */
export function isAddressRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AddressRefusedError) return true;
  if (error instanceof AggregateError && error.errors.some(isAddressRefused)) return true;
  return isAddressRefused(error.cause);
}
