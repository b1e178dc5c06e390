import { concatBytes } from './concat-bytes.ts';

/**
 * All of a body, which another may make as long as it likes.
 * @returns undefined for more than `maxBytes`: of those no more is read
 * @throws what reading the stream throws
 */
export async function readBytes(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  // Iterating over a stream is not there in every runtime.
  const reader = body?.getReader();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || !value) return concatBytes(chunks);
    sizeBytes += value.length;
    if (sizeBytes > maxBytes) {
      // What it leads to is nobody's business here: whoever sends this may also never let it end.
      reader?.cancel().catch(() => undefined);
      return undefined;
    }
    chunks.push(value);
  }
}
