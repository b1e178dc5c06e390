/** One thing that an inspection found. Where nothing is found, nothing is wrong. */
export interface Finding {
  /** `wrong`: players fail at it, or show something else than was meant. `hint`: it could be better. */
  verdict: 'wrong' | 'hint';
  /** For programs: kebab-case, the same for the same fault. */
  code: string;
  /** The file, as its playlist or whoever asked calls it. */
  where: string;
  /** In words for a person. */
  what: string;
  /** What to do about it. */
  advice?: string;
  /** Where in the recording, roughly. */
  atSec?: number;
}

/** Collects what is found about one file after the other. */
export interface Findings {
  add(finding: Finding): void;
  /** Is anything wrong so far? */
  isWrong(): boolean;
  list(): Finding[];
}

/** What is wrong with a thousand segments is said of the first few, and then counted. */
const MAX_OF_A_KIND = 5;

export function createFindings(): Findings {
  const kinds = new Map<string, { shown: Finding[]; more: number }>();
  return {
    add(finding) {
      const kind = kinds.get(finding.code) ?? { shown: [], more: 0 };
      kinds.set(finding.code, kind);
      if (kind.shown.length < MAX_OF_A_KIND) kind.shown.push(finding);
      else kind.more += 1;
    },
    isWrong: () => [...kinds.values()].some(({ shown }) => shown.some(({ verdict }) => verdict === 'wrong')),
    list: () => [...kinds.values()].flatMap(({ shown, more }) => [...shown, ...countRest(shown, more)]),
  };
}

function countRest([first]: readonly Finding[], more: number): Finding[] {
  if (!first || more === 0) return [];
  const { verdict, code } = first;
  return [{ verdict, code, where: 'elsewhere', what: `the same ${more} more times` }];
}
