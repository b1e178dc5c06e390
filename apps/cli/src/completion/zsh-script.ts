import type { Candidates, CompletionNode, DescribedWord } from './completion-tree.ts';
import { quote } from './quote.ts';
import { buildShellCases } from './shell-cases.ts';

/** What `source <(tapedeck completion zsh)` takes, or a file `_tapedeck` in a directory of $fpath. */
export function buildZshScript(nodes: readonly CompletionNode[]): string {
  const { paths, body } = buildShellCases(nodes, buildReply);
  // Not `path`: zsh ties that name to $PATH.
  return `#compdef tapedeck
_tapedeck() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} at=tapedeck word
  local -a described
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      ${paths}) at="$at $word" ;;
    esac
  done
${body}}
if [[ \${funcstack[1]} == _tapedeck ]]; then _tapedeck "$@"; else compdef _tapedeck tapedeck; fi
`;
}

function buildReply(described: readonly DescribedWord[], { words, files }: Candidates): string {
  const entries = described.map(({ word, description }) => quote(`${word}:${description}`));
  return [
    ...(entries.length > 0 ? [`described=(${entries.join(' ')}); _describe -t words word described; `] : []),
    ...(words.length > 0 ? [`compadd -- ${words.map(quote).join(' ')}; `] : []),
    ...(files ? ['_files; '] : []),
  ].join('');
}
