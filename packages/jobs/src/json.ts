import { z } from 'zod';

/** Text of JSON, for a schema of what is in it; text of something else is an issue as any other. */
export const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.issues.push({ code: 'custom', message: 'expected JSON', input: text });
    return z.NEVER;
  }
});
