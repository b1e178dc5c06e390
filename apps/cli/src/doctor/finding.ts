/** One thing that was looked at. */
export interface Finding {
  /** `warns`: it works, but not for ever, or not as well as it could. */
  verdict: 'ok' | 'warns' | 'fails';
  what: string;
  /** What to do about it. */
  advice?: string;
}

const MARKS = { ok: 'ok   ', warns: 'warn ', fails: 'FAIL ' } as const;

/** For a terminal: a line, and one for the advice. */
export function describeFinding({ verdict, what, advice }: Finding): string {
  return `${MARKS[verdict]} ${what}\n${advice ? `      ${advice}\n` : ''}`;
}

export function isWell(findings: readonly Finding[]): boolean {
  return findings.every(({ verdict }) => verdict !== 'fails');
}
