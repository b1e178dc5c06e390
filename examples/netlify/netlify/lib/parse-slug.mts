/** The name of a tape in `{ "slug": "…" }`; undefined for whatever else a visitor may send. */
export function parseSlug(body: unknown): string | undefined {
  const slug = typeof body === 'object' && body !== null && 'slug' in body ? body.slug : undefined;
  return typeof slug === 'string' && /^[\w-]{1,100}$/.test(slug) ? slug : undefined;
}
