/** A browser as a server sees it: keeps cookies, says where a request comes from, and follows no redirect by itself. */
export class WebClient {
  readonly cookies = new Map<string, string>();
  private readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.send('GET', path, { accept: 'text/html', ...headers });
  }

  /** From one of the site's own pages. */
  post(path: string, form: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Response> {
    const fromHere = { accept: 'text/html', 'sec-fetch-site': 'same-origin', origin: this.origin, ...headers };
    return this.send('POST', path, fromHere, new URLSearchParams(form));
  }

  /** As scripts of the site's own pages send it. */
  json(method: string, path: string, body?: object): Promise<Response> {
    const fromHere = { 'sec-fetch-site': 'same-origin', origin: this.origin };
    const type = { 'content-type': 'application/json' };
    return this.send(method, path, body ? { ...fromHere, ...type } : fromHere, body && JSON.stringify(body));
  }

  async send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: URLSearchParams | string,
    signal?: AbortSignal,
  ): Promise<Response> {
    const url = new URL(path, this.origin);
    const answer = await fetch(url, {
      method,
      headers: { ...headers, cookie: this.cookieHeader() },
      body,
      redirect: 'manual',
      signal,
    });
    for (const line of answer.headers.getSetCookie()) this.keep(line);
    return answer;
  }

  cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  private keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line)!;
    if (value === '' || /max-age=0/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
