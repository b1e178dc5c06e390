/** As one word of a shell, whatever is in it (POSIX shells, 2.2.2: nothing is special between single quotes but they). */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
