import type { Command, Option } from 'commander';

/** What may stand in one place of a command line. */
export interface Candidates {
  words: readonly string[];
  /** Also names of files. */
  files: boolean;
}

export interface DescribedWord {
  word: string;
  description: string;
}

/** One command, as far as a shell has to know it. */
export interface CompletionNode {
  /** From `tapedeck` on, with spaces between. */
  path: string;
  commands: readonly DescribedWord[];
  options: readonly DescribedWord[];
  /** Of the options that take a value, by option. */
  values: Readonly<Record<string, Candidates>>;
  operands: Candidates;
}

/** Every command of a tree, the outermost first: made of what commander knows, so that nothing is said twice. */
export function listCompletionNodes(command: Command, above = ''): CompletionNode[] {
  const path = `${above} ${command.name()}`.trim();
  // The place that a shell asks for is not known to be the first, so what any operand may be is offered for each.
  const operands = command.registeredArguments.map((argument) => toCandidates(argument.name(), argument.argChoices));
  const node: CompletionNode = {
    path,
    commands: command.commands.map((child) => ({ word: child.name(), description: child.description() })),
    options: [...command.options.flatMap(toWords), { word: '--help', description: 'display help for command' }],
    values: Object.fromEntries(command.options.flatMap(toValues)),
    operands: {
      words: operands.flatMap(({ words }) => words),
      files: operands.some(({ files }) => files),
    },
  };
  return [node, ...command.commands.flatMap((child) => listCompletionNodes(child, path))];
}

function toWords({ long, description }: Option): DescribedWord[] {
  return long === undefined || long === null ? [] : [{ word: long, description }];
}

function toValues(option: Option): [string, Candidates][] {
  if (!option.long || !(option.required || option.optional)) return [];
  return [[option.long, toCandidates(option.flags, option.argChoices)]];
}

/** A file is what has that word for a name: `<file>`, `[file]`, `<file or URL>`. */
function toCandidates(name: string, choices: readonly string[] | undefined): Candidates {
  return { words: choices ?? [], files: /\b(?:file|dir|path)\b/i.test(name) };
}
