import type { Readable } from 'node:stream';

/** A verified local file on its way to being public. */
export interface Publication {
  bucket: string;
  key: string;
  path: string;
  sizeBytes: number;
  sha256Hex: string;
  /** Asked right before the object appears: throws when this attempt may no longer publish. */
  assertMayPublish(): Promise<void>;
  /** Called when more of it has arrived. */
  onSent?(): void;
}

export interface StoredObject {
  sizeBytes: number;
  /** What the bytes hash to, as far as the store knows. */
  sha256Hex: string | undefined;
}

/** What arrived of an object. */
export interface SavedObject extends StoredObject {
  sha256Hex: string;
}

/** Of an object's bytes, from 0 on; without `lastByte` to its end. */
export interface ByteRange {
  firstByte: number;
  lastByte?: number | undefined;
}

/** An object whose bytes come as they are asked for. Whoever opens it must read the body to its end, or destroy it. */
export interface OpenObject {
  body: Readable;
  /** Of the whole object. */
  sizeBytes: number;
  /** What comes of it; never beyond its end. */
  range: { firstByte: number; lastByte: number };
}

export interface ListedObject {
  key: string;
  sizeBytes: number;
  modifiedAtMs: number;
}

/** An upload in several steps that was neither completed nor aborted: it is going on, or its process died. */
export interface IncompleteUpload {
  key: string;
  /** Tells it from others under the same key. */
  uploadId: string;
}

/** Where results are kept. Every adapter passes the same behaviour suite. */
export interface ObjectStore {
  readonly driver: 'local' | 'spaces';
  /** Makes the object public under its key, whole or not at all; what was there before stays until then. */
  put(publication: Publication, signal: AbortSignal): Promise<void>;
  /** A small object for us alone, whole or not at all, and on the disk when it resolves. @param key a private one */
  putPrivate(bucket: string, key: string, content: Buffer, signal: AbortSignal): Promise<void>;
  /** undefined when there is no such object. */
  head(bucket: string, key: string, signal: AbortSignal): Promise<StoredObject | undefined>;
  /** The whole of a small object; undefined when there is none. @throws JobError STORAGE_KEY_TAKEN above `maxBytes`: it is not ours */
  read(bucket: string, key: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined>;
  /**
   * For passing an object on, or a part of it. undefined when there is no such object; `outside` when it ends before the
   * range begins.
   */
  open(bucket: string, key: string, range: ByteRange, signal: AbortSignal): Promise<OpenObject | 'outside' | undefined>;
  /**
   * The whole of an object of any size, into a file of the caller's; what arrived, or undefined when there is no such
   * object. A part may lie there when it fails.
   */
  save(bucket: string, key: string, path: string, signal: AbortSignal): Promise<SavedObject | undefined>;
  /** A URL by which the object can be fetched though it is not public; undefined where there is no such thing. */
  signedUrl(bucket: string, key: string): Promise<string | undefined>;
  /** The names of all buckets. @throws JobError STORAGE_FORBIDDEN where the key is for some buckets only */
  listBuckets(signal: AbortSignal): Promise<string[]>;
  /** Every object whose key begins with the prefix, which ends with a slash; those of one directory in order. */
  list(bucket: string, prefix: string, signal: AbortSignal): AsyncIterable<ListedObject>;
  /** Every incomplete upload whose key begins with the prefix. */
  listIncompleteUploads(bucket: string, prefix: string, signal: AbortSignal): AsyncIterable<IncompleteUpload>;
  /** Frees what has arrived of it; if it is going on, it fails. Nothing happens where there is no such upload. */
  abortUpload(bucket: string, upload: IncompleteUpload, signal: AbortSignal): Promise<void>;
  /** Nothing happens where there is no such object. */
  remove(bucket: string, key: string, signal: AbortSignal): Promise<void>;
  /** @throws JobError STORAGE_KEY_REFUSED for a key that this store cannot hold, or that is private. */
  assertKey(bucket: string, key: string): void;
  /** @param like a URL of the caller's: characters that it leaves raw (`|`) stay raw. */
  publicUrl(bucket: string, key: string, like?: string): string;
  /** Resolves when the store answers and knows us. Whether it lets us write is another question for every bucket. */
  check(signal: AbortSignal): Promise<void>;
}
