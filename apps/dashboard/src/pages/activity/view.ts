/** What the page shows, and from where on, as its URL says: it can be sent to a colleague. */
export interface ActivityView {
  show: 'jobs' | 'audit';
  /** Of the audit trail; undefined for the newest. */
  before: string | undefined;
}

export function parseView(search: string): ActivityView {
  const params = new URLSearchParams(search);
  const show = params.get('show') === 'audit' ? 'audit' : 'jobs';
  return { show, before: (show === 'audit' && params.get('before')) || undefined };
}

export function buildViewUrl({ show, before }: ActivityView): string {
  if (show === 'jobs') return '/activity';
  return `/activity?${new URLSearchParams({ show, ...(before !== undefined && { before }) })}`;
}
