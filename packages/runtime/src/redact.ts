/** `https://user:pass@host/path?signature=…` → `https://host/path?…`, anywhere in a text. */
export function stripUrlQueries(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi, '$1')
    .replace(/(\bhttps?:\/\/[^\s?#"']+)\?[^\s"']*/gi, '$1?…');
}
