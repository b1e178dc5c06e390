const ACTIONS: Readonly<Record<string, string>> = {
  login: 'sign in',
  logout: 'sign out',
  'queue.pause': 'pause a queue',
  'queue.resume': 'resume a queue',
  'queue.promote': 'let an entry of a queue come next',
  'worker.pause': 'pause a worker',
  'worker.resume': 'resume a worker',
  'job.cancel': 'cancel a job',
  'job.retry': 'retry a job',
  'job.callback': 'send a callback again',
  'job.delete': 'delete a job',
  'job.compress': 'have a result converted anew',
  'job.priority': 'change the priority of a job',
  'job.reconvert': 'convert a job again',
  'jobs.bulk': 'do the same to many jobs',
  'jobs.export': 'export jobs',
  'cleanup.run': 'clean up',
  'callback.test': 'send a test callback',
};

/** What was asked for, whether or not it was done; undefined for what another version has written, and this one does not know. */
export function describeAction(action: string): string | undefined {
  return Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
}

const WAYS = { key: 'with an API key', session: 'on this page', login: 'while signing in' } as const;

export function describeVia(via: keyof typeof WAYS): string {
  return WAYS[via];
}
