/** What is set at Netlify, under Site configuration → Environment variables. @throws Error that names what is missing */
export function readSetting(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name}: expected it to be set, got nothing`);
}

/** Where Tapedeck is to tell the end. `URL` is the site's own address, which Netlify sets. */
export function buildCallbackUrl(): string {
  const path = process.env['TAPE_DONE_PATH'] ?? '/api/tape-done';
  return new URL(path, readSetting('URL')).href;
}
