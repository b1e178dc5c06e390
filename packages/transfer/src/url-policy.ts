import { isIP } from 'node:net';
import { JobError } from '@tapedeck/contracts';
import ipaddr from 'ipaddr.js';

/**
 * Which URLs we may talk to at all. The rule for names is kept in two places, because a name means nothing until it is
 * resolved: here, by what the URL says; and in guarded-agent.ts, by every address that the name turns out to have.
 */
export interface UrlPolicy {
  /** Development only: also `http:`, any port, and addresses that are not public. */
  allowPrivateNetwork: boolean;
  /** Of `https:` URLs; 443 is the port of those that name none. */
  allowedPorts: readonly number[];
}

export type UrlRefusedCode = 'SOURCE_URL_REFUSED' | 'CALLBACK_URL_REFUSED' | 'UPLOAD_URL_REFUSED';

const HTTPS_PORT = 443;
/** Names that never leave the machine or the local network (RFC 6761, RFC 6762, RFC 8375). */
const LOCAL_NAME = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|localdomain)\.?$/i;

/**
 * @returns the URL as the URL standard reads it: every spelling of an address (decimal, hex, octal) is dotted by now.
 * @throws JobError with `code`. The message names the rule, never the URL: it may be signed.
 */
export function assertUrlAllowed(text: string, policy: UrlPolicy, code: UrlRefusedCode): URL {
  const reason = findRefusal(text, policy);
  if (reason !== undefined) throw new JobError(code, reason);
  return new URL(text);
}

/** @returns the rule that the URL breaks, or undefined where it may be talked to */
export function findRefusal(text: string, policy: UrlPolicy): string | undefined {
  const url = URL.parse(text);
  if (!url) return 'expected an absolute URL';
  const isHttp = url.protocol === 'https:' || (url.protocol === 'http:' && policy.allowPrivateNetwork);
  if (!isHttp) return `expected https, got ${url.protocol.replace(':', '')}`;
  if (url.username !== '' || url.password !== '') return 'expected no user name or password in it';
  if (policy.allowPrivateNetwork) return undefined;
  const port = url.port === '' ? HTTPS_PORT : Number(url.port);
  if (!policy.allowedPorts.includes(port)) return `expected port ${policy.allowedPorts.join(' or ')}, got ${port}`;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : 'expected a public address';
  return isPublicName(host) ? undefined : 'expected a public host name';
}

/** A name with a domain, which is not one of those that stay here. What it resolves to is another question. */
function isPublicName(host: string): boolean {
  const labels = host.replace(/\.$/, '').split('.');
  return labels.length > 1 && !labels.includes('') && !LOCAL_NAME.test(host);
}

/**
 * Addresses of the whole world: not loopback, private, link-local, shared, documentation or multicast (IANA's
 * special-purpose registries), and none that carries an IPv4 address inside, whichever: who reaches what through a
 * mapping, NAT64, 6to4 or Teredo is decided elsewhere.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text) || text.includes('%')) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  // What IANA has handed out of IPv6 so far is 2000::/3; the rest is somebody's idea of local.
  return address instanceof ipaddr.IPv4 || address.match(ipaddr.IPv6.parse('2000::'), 3);
}
