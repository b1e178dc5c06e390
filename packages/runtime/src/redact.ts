/** What no line of a log may hold, whoever writes it: an error of a library quotes what it was given. */
export interface Hidden {
  secrets: readonly string[];
  /** Directories of this machine, each with what stands for it. */
  dirs: Readonly<Record<string, string>>;
}

/** A shorter one would be found in words that have nothing to do with it. */
const MIN_SECRET_CHARS = 6;

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Finds the very values, wherever in a text they are. */
export function createRedactor({ secrets, dirs }: Hidden): (text: string) => string {
  const values = secrets
    .filter((secret) => secret.length >= MIN_SECRET_CHARS)
    // In a line of JSON, quotes and backslashes are escaped.
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .toSorted((a, b) => b.length - a.length);
  const replacements: [RegExp, string][] = [
    ...values.map((value): [RegExp, string] => [new RegExp(escapePattern(value), 'g'), '[redacted]']),
    // Not the `/app` of a URL's path.
    ...Object.entries(dirs)
      .toSorted(([a], [b]) => b.length - a.length)
      .filter(([dir]) => dir !== '/')
      .map(([dir, name]): [RegExp, string] => [new RegExp(`(?<![\\w.-])${escapePattern(dir)}(?![\\w.-])`, 'g'), name]),
  ];
  return (text) => replacements.reduce((rest, [pattern, name]) => rest.replace(pattern, name), text);
}

/** `https://user:pass@host/path?signature=…` → `https://host/path?…`, anywhere in a text. */
export function stripUrlQueries(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, '$1')
    .replace(/(\bhttps?:\/\/[^\s?#"']+)\?[^\s"']*/gi, '$1?…');
}
