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
    if (done || !value) return concat(chunks, sizeBytes);
    sizeBytes += value.length;
    if (sizeBytes > maxBytes) {
      // What it leads to is nobody's business here: whoever sends this may also never let it end.
      reader?.cancel().catch(() => undefined);
      return undefined;
    }
    chunks.push(value);
  }
}

function concat(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
