/** The code of a system's error (ENOENT, ECONNREFUSED); undefined of any other. */
export function systemCodeOf(error: unknown): string | undefined {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return hasCode && typeof error.code === 'string' ? error.code : undefined;
}

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(systemCodeOf(error) ?? '');
}
