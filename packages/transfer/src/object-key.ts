import { JobError } from '@tapedeck/contracts';

/** Where our own objects can be addressed: the store's endpoint and the API's `/storage`. */
export interface StoreAddresses {
  /** `https://sfo3.digitaloceanspaces.com` */
  spacesEndpoint: string;
  /** The API's own address. */
  publicUrl: string;
}

/**
 * The object key that a URL addresses in `bucket`, or undefined when it is somebody else's URL. Understands
 * `{bucket}.{endpoint}/{key}`, any Spaces region and its CDN, `{endpoint}/{bucket}/{key}` and `{api}/storage/{bucket}/{key}`.
 * The path is decoded exactly once: the caller's template string may have raw `|` or an encoded one.
 */
export function findObjectKey(urlText: string, bucket: string, addresses: StoreAddresses): string | undefined {
  const url = new URL(urlText);
  const endpoint = new URL(addresses.spacesEndpoint);
  const path = decodePath(url.pathname.slice(1));
  if (path === undefined) return undefined;
  const isVirtualHost =
    url.host === `${bucket}.${endpoint.host}` ||
    (url.hostname.startsWith(`${bucket}.`) &&
      /^[a-z0-9]+(\.cdn)?\.digitaloceanspaces\.com$/.test(url.hostname.slice(bucket.length + 1)));
  if (isVirtualHost) return path || undefined;
  if (url.host === endpoint.host) return stripPrefix(path, `${bucket}/`);
  if (url.origin === new URL(addresses.publicUrl).origin) return stripPrefix(path, `storage/${bucket}/`);
  return undefined;
}

/**
 * The key of an object that can be read with our credentials: in `bucket`, at our own store or its CDN, and not in a
 * bucket of the same name in another region. A URL that says more than where, by a signature or a version, is read as
 * it is.
 */
export function findOwnKey(urlText: string, bucket: string, addresses: StoreAddresses): string | undefined {
  const saysMore = READ_AS_IS.some((name) => new URL(urlText).searchParams.has(name));
  if (saysMore || !isAtEndpoint(urlText, bucket, addresses)) return undefined;
  const key = findObjectKey(urlText, bucket, addresses);
  return key !== undefined && isPlainKey(key) && !isPrivateKey(key) ? key : undefined;
}

const READ_AS_IS = ['X-Amz-Signature', 'Signature', 'versionId'];

function isAtEndpoint(urlText: string, bucket: string, { spacesEndpoint }: StoreAddresses): boolean {
  const host = new URL(urlText).host.replace('.cdn.digitaloceanspaces.com', '.digitaloceanspaces.com');
  const endpoint = new URL(spacesEndpoint).host;
  return host === endpoint || host === `${bucket}.${endpoint}`;
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function stripPrefix(text: string, prefix: string): string | undefined {
  return text.startsWith(prefix) && text.length > prefix.length ? text.slice(prefix.length) : undefined;
}

/** Where a video's results go: all below its slug. Names inside are the pipeline's own. */
export function buildHlsKey(slug: string, name: string): string {
  return `${slug}/${name}`;
}

export interface TapeKeys {
  mp4Key: string;
  posterKey: string;
}

/**
 * Where a tape's results go: beside its ZIP, with the final `.zip` replaced; under the slug when the ZIP is not an
 * object of the bucket. A slug has dots (`2025.10.17.12.34.56.789`): nothing else is ever cut off.
 */
export function buildTapeKeys(
  { zipUrl, bucket, slug }: { zipUrl: string; bucket: string; slug: string },
  addresses: StoreAddresses,
): TapeKeys {
  const zipKey = findObjectKey(zipUrl, bucket, addresses);
  const stem = zipKey !== undefined && isPlainKey(zipKey) ? zipKey.replace(/\.zip$/i, '') : slug;
  return { mp4Key: `${stem}.mp4`, posterKey: `${stem}-poster.jpg` };
}

const PRIVATE_DIRECTORY = '.tapedeck/';

/** What we keep for ourselves in a bucket: no caller's to publish, to delete, or to have read with our credentials. */
export function isPrivateKey(key: string): boolean {
  return key.startsWith(PRIVATE_DIRECTORY);
}

export function assertPrivate(key: string): void {
  if (!isPrivateKey(key)) throw new Error(`expected a key below ${PRIVATE_DIRECTORY}`);
}

/** @throws JobError STORAGE_KEY_REFUSED */
export function assertNotPrivate(key: string): void {
  if (isPrivateKey(key))
    throw new JobError('STORAGE_KEY_REFUSED', `expected a key that is not below ${PRIVATE_DIRECTORY}`);
}

/** Names between slashes, none of which leads anywhere else: what every store can hold. */
export function isPlainKey(key: string): boolean {
  return key.split('/').every((name) => name !== '' && name !== '.' && name !== '..') && !key.includes('\0');
}

/** Characters that a path may hold raw (RFC 3986, 3.3, and `|`, which URL parsers take) and encodeURIComponent encodes. */
const RAW_IN_PATHS = [...'|$&+,:;=@'];

/** A key as a URL path. Of those characters, the ones that the caller's own URL leaves raw stay raw: `|` in, `|` out. */
export function encodeKey(key: string, like = ''): string {
  const encoded = key.split('/').map(encodeURIComponent).join('/');
  const likePath = like.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/[?#].*$/, '');
  return RAW_IN_PATHS.filter((character) => likePath.includes(character)).reduce(
    (text, character) => text.replaceAll(encodeURIComponent(character), character),
    encoded,
  );
}
