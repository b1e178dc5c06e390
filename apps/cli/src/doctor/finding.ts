/** One thing that was looked at. */
export interface Finding {
  /** `warns`: it works, but not for ever, or not as well as it could. */
  verdict: 'ok' | 'warns' | 'fails';
  what: string;
  /** What to do about it. */
  advice?: string;
}
