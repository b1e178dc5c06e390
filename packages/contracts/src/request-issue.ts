import type { z } from 'zod';

export interface RequestIssue {
  /** Dotted path into the body, `(body)` for the body itself; the name of a parameter or a header. */
  path: string;
  message: string;
}

export type RequestIssues = [RequestIssue, ...RequestIssue[]];

export type ParsedInput<T> = { ok: true; value: T } | { ok: false; issues: RequestIssues };

/** Never throws: what does not fit comes back as a list of paths and messages, each with what came. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): ParsedInput<T> {
  const result = schema.safeParse(input, { reportInput: true });
  if (result.success) return { ok: true, value: result.data };
  const [first, ...rest] = result.error.issues.map(toRequestIssue);
  return { ok: false, issues: [first!, ...rest] };
}

function toRequestIssue(issue: z.core.$ZodIssue): RequestIssue {
  const path = issue.path.map(String).join('.') || '(body)';
  const message = issue.message.replace(/^Invalid input: /, '');
  const saysWhatCame = message.includes('received') || message.includes(', got ') || issue.code === 'unrecognized_keys';
  return { path, message: saysWhatCame ? message : `${message}, got ${describeInput(issue.input)}` };
}

const MAX_QUOTED_CHARS = 40;

function describeText(text: string): string {
  const shown = text.replace(/\/\/[^/?#]*@/, '//…@').replace(/[?#].*$/s, '?…');
  return shown.length > MAX_QUOTED_CHARS ? `"${shown.slice(0, MAX_QUOTED_CHARS)}…"` : JSON.stringify(shown);
}

/** What came, short enough for an error message. A string may be meant as a URL: its password and query are left out. */
export function describeInput(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return describeText(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}
