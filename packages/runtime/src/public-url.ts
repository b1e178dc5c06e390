/** The base of every URL that we hand out. The API and the workers must come to the same one. */
export function resolvePublicUrl({ PUBLIC_URL, PORT }: { PUBLIC_URL: string | undefined; PORT: number }): string {
  return (PUBLIC_URL ?? `http://localhost:${PORT}`).replace(/\/+$/, '');
}
