const FRESH_MS = 1_000;

/** One answer for all who ask within a second, for what costs more than it changes. */
export function shareAnswers<T>(ask: () => Promise<T>): () => Promise<T> {
  let askedAtMs = -Infinity;
  let answer: Promise<T> | undefined;
  return () => {
    if (answer && performance.now() - askedAtMs < FRESH_MS) return answer;
    askedAtMs = performance.now();
    const asked = ask();
    answer = asked;
    // A failure is nobody's but theirs who wait for it.
    asked.catch(() => {
      if (answer === asked) answer = undefined;
    });
    return asked;
  };
}
