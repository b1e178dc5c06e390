/** The same numbers for the same seed: what goes wrong, and in which order, can be repeated. When, cannot. */
export interface Random {
  /** From 0 to 1, without 1. */
  next(): number;
  /** From `from` to `to`, without `to`; whole. */
  between(from: number, to: number): number;
  pick<T>(choices: readonly T[]): T;
  isTrue(probability: number): boolean;
}

/** mulberry32 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number): number => Math.floor(from + next() * (to - from));
  return {
    next,
    between,
    pick: (choices) => choices[between(0, choices.length)]!,
    isTrue: (probability) => next() < probability,
  };
}
