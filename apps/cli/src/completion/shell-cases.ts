import type { Candidates, CompletionNode, DescribedWord } from './completion-tree.ts';
import { quote } from './quote.ts';

/** Branches of a `case`, which bash and zsh write alike. */
export interface ShellCases {
  /** Of every command but the outermost, as one pattern. */
  paths: string;
  /** By where the command line is (`$at`), the word before (`$prev`) and the word itself (`$cur`): offers, and returns. */
  body: string;
}

/** @param reply in the shell's own words: offers these and those, each statement ended by `; ` */
export function buildShellCases(
  nodes: readonly CompletionNode[],
  reply: (described: readonly DescribedWord[], candidates: Candidates) => string,
): ShellCases {
  const branch = (pattern: string, described: readonly DescribedWord[], candidates: Candidates): string =>
    `    ${quote(pattern)}) ${reply(described, candidates)}return ;;\n`;
  const values = nodes.flatMap(({ path, values: byOption }) =>
    Object.entries(byOption).map(([option, candidates]) => branch(`${path} ${option}`, [], candidates)),
  );
  return {
    paths: nodes
      .slice(1)
      .map(({ path }) => quote(path))
      .join(' | '),
    body: `  case "$at $prev" in
${values.join('')}  esac
  if [[ $cur == -?* ]]; then
    case "$at" in
${nodes.map(({ path, options }) => branch(path, options, NOTHING)).join('')}    esac
  fi
  case "$at" in
${nodes.map(({ path, commands, operands }) => branch(path, commands, operands)).join('')}  esac
`,
  };
}

const NOTHING: Candidates = { words: [], files: false };
