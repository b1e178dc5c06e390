import { parseJson } from './json.ts';
import { readBytes } from './read-bytes.ts';

/** A page of a hundred jobs, each with as much metadata as a request may have, is 26 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * The JSON of an answer.
 * @returns undefined for what is none, and for what is larger than anything that the API sends
 * @throws what reading its body throws
 */
export async function readAnswer({ body }: Response): Promise<unknown> {
  const bytes = await readBytes(body, MAX_ANSWER_BYTES);
  return bytes && parseJson(new TextDecoder().decode(bytes));
}
