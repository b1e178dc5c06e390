import {
  hlsOptionsSchema,
  ladderSchema,
  metadataSchema,
  parseInput,
  tapeOptionsSchema,
  type ParsedInput,
} from '@tapedeck/contracts';
import type { HlsChoices, TapeChoices } from '@tapedeck/conversion';
import { loadChoices, nameOption, type ChoiceOptions } from '../choices.ts';
import { UsageError } from '../exit-code.ts';

/** What a request for a tape would say. @throws UsageError naming the option, what was expected and what came */
export async function parseTapeChoices(typed: ChoiceOptions): Promise<TapeChoices> {
  const { options, metadata } = await loadChoices('tape', typed);
  return {
    options: orThrow(parseInput(tapeOptionsSchema, options)),
    metadata: orThrow(parseInput(metadataSchema, metadata), 'metadata'),
  };
}

/** What a request for a video would say. @throws UsageError naming the option, what was expected and what came */
export async function parseHlsChoices(typed: ChoiceOptions): Promise<HlsChoices> {
  const { options, ladder } = await loadChoices('hls', typed);
  return {
    options: orThrow(parseInput(hlsOptionsSchema, options)),
    ladder: orThrow(parseInput(ladderSchema.optional(), ladder), 'ladder'),
  };
}

/** @param field what the schema is of, where it is not of all options */
function orThrow<T>(parsed: ParsedInput<T>, field?: string): T {
  if (parsed.ok) return parsed.value;
  const lines = parsed.issues.map(({ path, message }) => {
    const inside = path === '(body)' ? [] : [path];
    return `${nameOption([...(field === undefined ? [] : [field]), ...inside].join('.'))}: ${message}`;
  });
  throw new UsageError(lines.join('\n'));
}
