/** Of versions as programs print them: numbers with dots, and what comes behind those does not count. */
export function isAtLeast(version: string, least: string): boolean {
  return version.localeCompare(least, 'en', { numeric: true }) >= 0;
}
