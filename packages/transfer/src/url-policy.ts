import { JobError } from '@tapedeck/contracts';
import ipaddr from 'ipaddr.js';

/**
 * Which URLs we may talk to at all. The rule for names is kept in two places, because a name means nothing until it is
 * resolved: here, by what the URL says; and in guarded-agent.ts, by every address that the name turns out to have.
 */
export interface UrlPolicy {
  /** Development only: also `http:`, any port, and addresses that are not public. */
  allowPrivateNetwork: boolean;
}

export type UrlRefusedCode = 'SOURCE_URL_REFUSED' | 'CALLBACK_URL_REFUSED' | 'UPLOAD_URL_REFUSED';

const PORTS = ['', '443', '8443'];
/** Names that never leave the machine or the local network (RFC 6761, RFC 6762, RFC 8375). */
const LOCAL_NAME = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|localdomain)\.?$/i;

/**
 * @returns the URL as the URL standard reads it: every spelling of an address (decimal, hex, octal) is dotted by now.
 * @throws JobError with `code`. The message names the rule, never the URL: it may be signed.
 */
export function assertUrlAllowed(text: string, policy: UrlPolicy, code: UrlRefusedCode): URL {
  const refuse = (reason: string): never => {
    throw new JobError(code, reason);
  };
  if (!URL.canParse(text)) refuse('expected an absolute URL');
  const url = new URL(text);
  const isHttp = url.protocol === 'https:' || (url.protocol === 'http:' && policy.allowPrivateNetwork);
  if (!isHttp) refuse(`expected https, got ${url.protocol.replace(':', '')}`);
  if (url.username !== '' || url.password !== '') refuse('expected no user name or password in it');
  if (policy.allowPrivateNetwork) return url;
  if (!PORTS.includes(url.port)) refuse(`expected port 443 or 8443, got ${url.port}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (ipaddr.isValid(host)) {
    if (!isPublicAddress(host)) refuse('expected a public address');
  } else if (!host.includes('.') || LOCAL_NAME.test(host)) {
    refuse('expected a public host name');
  }
  return url;
}

/** Addresses of the whole world: not loopback, private, link-local, shared, documentation, multicast or a mapping. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  if (address.range() !== 'unicast') return false;
  // What IANA has handed out of IPv6 so far is 2000::/3; the rest is somebody's idea of local.
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(ipaddr.IPv6.parse('2000::'), 3);
}
