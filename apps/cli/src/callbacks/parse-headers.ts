import { z } from 'zod';
import { UsageError } from '../exit-code.ts';

const headersSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
/** By name, in whatever case. */
export type CallbackHeaders = z.output<typeof headersSchema>;

/**
 * Headers as somebody kept them: a JSON object, or a line each as HTTP has them (RFC 9112, section 5).
 * @throws UsageError
 */
export function parseHeaders(text: string): CallbackHeaders {
  return text.trimStart().startsWith('{') ? parseJsonHeaders(text) : parseHeaderLines(text);
}

function parseJsonHeaders(text: string): CallbackHeaders {
  try {
    return headersSchema.parse(JSON.parse(text));
  } catch {
    throw new UsageError('--headers: expected a JSON object of texts, got something else');
  }
}

function parseHeaderLines(text: string): CallbackHeaders {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !/^(?:POST |HTTP\/)/.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([\w-]+):\s*(.*?)\s*$/.exec(line) ?? [];
      if (name === undefined || value === undefined) {
        throw new UsageError(`--headers: expected lines like "name: value", got ${JSON.stringify(line.slice(0, 40))}`);
      }
      return [name, value];
    }),
  );
}
