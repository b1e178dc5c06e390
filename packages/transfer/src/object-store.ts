/** A verified local file on its way to being public. */
export interface Publication {
  bucket: string;
  key: string;
  path: string;
  sizeBytes: number;
  sha256Hex: string;
  /** Asked right before the object appears: throws when this attempt may no longer publish. */
  assertMayPublish(): Promise<void>;
}

export interface StoredObject {
  sizeBytes: number;
  /** What the bytes hash to, as far as the store knows. */
  sha256Hex: string | undefined;
}

export interface ListedObject {
  key: string;
  sizeBytes: number;
  modifiedAtMs: number;
}

/** A put that neither came to its end nor was taken back: it is going on, or its process died. */
export interface UnfinishedPut {
  key: string;
  /** Tells it from others under the same key. */
  putId: string;
}

/** Where results are kept. Every adapter passes the same behaviour suite. */
export interface ObjectStore {
  readonly driver: 'local' | 'spaces';
  /** Makes the object public under its key, whole or not at all; what was there before stays until then. */
  put(publication: Publication, signal: AbortSignal): Promise<void>;
  /** undefined when there is no such object. */
  head(bucket: string, key: string, signal: AbortSignal): Promise<StoredObject | undefined>;
  /** The whole of a small object; undefined when there is none. @throws JobError STORAGE_UNAVAILABLE above `maxBytes` */
  read(bucket: string, key: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined>;
  /** A URL by which the object can be fetched though it is not public; undefined where there is no such thing. */
  signedUrl(bucket: string, key: string): Promise<string | undefined>;
  /** Every object whose key begins with the prefix, which ends with a slash. */
  list(bucket: string, prefix: string, signal: AbortSignal): AsyncIterable<ListedObject>;
  /** Every unfinished put whose key begins with the prefix. */
  listUnfinished(bucket: string, prefix: string, signal: AbortSignal): AsyncIterable<UnfinishedPut>;
  /** Frees what has arrived of it; if it is going on, it fails. Nothing happens where there is no such put. */
  discard(bucket: string, put: UnfinishedPut, signal: AbortSignal): Promise<void>;
  /** Nothing happens where there is no such object. */
  remove(bucket: string, key: string, signal: AbortSignal): Promise<void>;
  /** @throws JobError STORAGE_KEY_REFUSED for a key that this store cannot hold. */
  assertKey(bucket: string, key: string): void;
  /** @param like a URL of the caller's: characters that it leaves raw (`|`) stay raw. */
  publicUrl(bucket: string, key: string, like?: string): string;
  /** Resolves when the store can be written to. */
  check(signal: AbortSignal): Promise<void>;
}
