import type { Candidates, CompletionNode, DescribedWord } from './completion-tree.ts';
import { quote } from './quote.ts';
import { buildShellCases } from './shell-cases.ts';

/** What `source <(tapedeck completion bash)` takes; bash 4 or later. */
export function buildBashScript(nodes: readonly CompletionNode[]): string {
  const { paths, body } = buildShellCases(nodes, buildReply);
  return `_tapedeck() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=tapedeck i
  COMPREPLY=()
  # --option=value is three words.
  if [[ $cur == '=' ]]; then cur=''
  elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${paths}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
${body}}
_tapedeck_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}
_tapedeck_files() {
  # Only where a completion runs is there something to set.
  compopt -o filenames 2> /dev/null
  local found
  mapfile -t found < <(compgen -f -- "$cur")
  COMPREPLY+=("\${found[@]}")
}
complete -F _tapedeck tapedeck
`;
}

function buildReply(described: readonly DescribedWord[], { words, files }: Candidates): string {
  const all = [...described.map(({ word }) => word), ...words];
  return `${all.length > 0 ? `_tapedeck_words ${quote(all.join(' '))}; ` : ''}${files ? '_tapedeck_files; ' : ''}`;
}
