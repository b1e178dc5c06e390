import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { findRefusal, isPublicAddress, type UrlPolicy } from './url-policy.ts';

/** Thrown at connect time. The message names the rule. */
class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = 'ADDRESS_REFUSED';
}

export interface GuardedAgentOptions {
  /** Who knows what a name means: the system. */
  resolve?: Resolve;
  /** For the answer of a name, the connection and its TLS. */
  connectTimeoutMs?: number;
}

/** `dns.lookup`, asked for all addresses. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * The one HTTP agent for sources, callbacks, presigned uploads and whatever else goes to URLs that others gave us.
 * The connection goes to the very address that was checked: the check is the lookup that the connection uses, so an
 * answer that changes between two lookups gains nothing. One private address among several refuses the name. The rules
 * of URLs are checked once more when it connects, because a literal address is never looked up.
 */
export function createGuardedAgent(
  policy: UrlPolicy,
  { resolve = lookup, connectTimeoutMs = 10_000 }: GuardedAgentOptions = {},
): Agent {
  return new Agent({
    connect: buildGuardedConnector(policy, resolve, connectTimeoutMs),
    headersTimeout: 30_000,
    // Longer than the download's own watch over its speed, which knows better what to say.
    bodyTimeout: 60_000,
  });
}

function buildGuardedConnector(policy: UrlPolicy, resolve: Resolve, timeout: number): buildConnector.connector {
  const guard = policy.allowPrivateNetwork ? {} : { lookup: createPublicLookup(resolve) };
  const connect = buildConnector({ timeout, ...guard });
  return (target, callback) => {
    const reason = findRefusal(`${target.protocol}//${target.host}`, policy);
    if (reason === undefined) connect(target, callback);
    else callback(new AddressRefusedError(reason), null);
  };
}

function createPublicLookup(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(new AddressRefusedError('its name resolves to an address that is not public'), []);
      }
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}

/** Looks for a refusal among an error's causes: undici and Node wrap it, once per address family. */
export function findAddressRefusal(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof AddressRefusedError) return error;
  const several: unknown[] = error instanceof AggregateError ? error.errors : [];
  return [...several, error.cause].map(findAddressRefusal).find((refusal) => refusal !== undefined);
}
