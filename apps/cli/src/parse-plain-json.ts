/**
 * As the API reads JSON: `__proto__` is refused, because on its way through objects it would be lost without a word.
 * @throws SyntaxError
 */
export function parsePlainJson(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => {
    if (key === '__proto__') throw new SyntaxError('expected no __proto__');
    return value;
  });
}
