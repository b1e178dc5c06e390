/** Of the many things that have names, only jobs have a page: their ids begin with their kind. */
export function isJobId(about: string): boolean {
  return /^(?:tape|hls)_/.test(about);
}
