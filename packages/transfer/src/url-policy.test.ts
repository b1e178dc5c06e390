import { describe, expect, test } from '@jest/globals';
import { JobError } from '@tapedeck/contracts';
import { assertUrlAllowed, type UrlPolicy } from './url-policy.ts';

const check =
  (url: string, changes: Partial<UrlPolicy> = {}) =>
  () =>
    assertUrlAllowed(url, { allowPrivateNetwork: false, allowedPorts: [443, 8443], ...changes }, 'SOURCE_URL_REFUSED');
const refused = expect.objectContaining({ code: 'SOURCE_URL_REFUSED' });

test.each([
  'https://example.com/a',
  'https://example.com:8443/a',
  'https://example.com:08443/a',
  'https://EXAMPLE.com./a',
  'https://bücher.example/a',
  'https://xn--bcher-kva.example/a',
  'https://127.0.0.1.example.com/',
  'https://local.example.com/',
  'https://example.com/a@127.0.0.1/',
  'https://1.1.1.1/',
  'https://[2606:4700::1111]/',
  'https://x.sfo3.digitaloceanspaces.com/auth0|1/a.zip',
])('%s is allowed', (url) => {
  expect(check(url)).not.toThrow();
});

describe('refused', () => {
  test.each([
    ['another scheme', ['http://example.com/', 'ftp://example.com/', 'file:///etc/passwd', 'data:text/plain,x']],
    [
      'another scheme',
      ['javascript:1', 'blob:https://example.com/x', 'wss://example.com/', 'view-source:https://a.b/'],
    ],
    ['no absolute URL', ['', 'example.com', '//example.com/', '/etc/passwd', 'https://', 'https:// example.com/']],
    [
      'a user name or password',
      ['https://user@example.com/', 'https://:pass@example.com/', 'https://a:b@example.com/'],
    ],
    ['a user name that looks like a host', ['https://good.example@127.0.0.1/', 'https://good.example%40@10.0.0.1/']],
    ['another port', ['https://example.com:22/', 'https://example.com:0/', 'https://example.com:80/']],
    ['no port at all', ['https://example.com:65536/', 'https://example.com:-1/', 'https://example.com:443:443/']],
    ['a name without a domain', ['https://intranet/', 'https://intranet./', 'https://INTRANET/']],
    ['an empty label', ['https://.example.com/', 'https://a..example.com/', 'https://example.com../']],
    ['localhost', ['https://localhost/', 'https://LOCALHOST/', 'https://localhost./', 'https://localhost../']],
    ['a name below it', ['https://api.localhost/', 'https://api.localhost./', 'https://localhost.localdomain/']],
    [
      'a local domain',
      ['https://printer.local/', 'https://router.lan/', 'https://nas.home.arpa/', 'https://a.intranet/'],
    ],
    ['a cloud’s own domain', ['https://metadata.google.internal/', 'https://host.docker.internal./']],
    ['localhost in disguise', ['https://ｌｏｃａｌｈｏｓｔ/', 'https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/', 'https://local\u00adhost/']],
    ['localhost, encoded or broken', ['https://%6cocalhost/', 'https://local\thost/', 'https://local\nhost/']],
    ['loopback', ['https://127.0.0.1/', 'https://127.0.0.1./', 'https://127.1/', 'https://127.0.1/', 'https://0/']],
    ['loopback, one number', ['https://2130706433/', 'https://0x7f000001/', 'https://017700000001/']],
    ['loopback, mixed', ['https://0177.0.0.1/', 'https://0x7f.0.0.0x1/', 'https://0x7f.1/', 'https://127.0x1/']],
    ['loopback with two dots', ['https://127.0.0.1../', 'https://127..0.0.1/']],
    ['full-width digits', ['https://１２７.0.0.1/', 'https://①②⑦.⓪.⓪.①/', 'https://１２７．０．０．１/']],
    ['full-width dots', ['https://127。0。0。1/', 'https://127｡0｡0｡1/', 'https://169。254。169。254/']],
    ['percent-encoded', ['https://%31%32%37.0.0.1/', 'https://127%2e0%2e0%2e1/', 'https://127.0.0.1%2f.example.com/']],
    ['backslashes', ['https:\\\\127.0.0.1\\a', 'https://127.0.0.1\\@example.com/', 'https:/\\127.0.0.1/']],
    ['slashes', ['https:127.0.0.1', 'https:/127.0.0.1/', 'https:///127.0.0.1/']],
    ['white space', [' https://127.0.0.1/ ', 'https://127.0\t.0.1/', 'ht\ntps://127.0.0.1/', 'https://127.0.0.1\r\n/']],
    ['a fragment or query as its host', ['https://127.0.0.1#@example.com/', 'https://127.0.0.1?@example.com/']],
    ['private', ['https://10.0.0.1/', 'https://172.16.0.1/', 'https://192.168.1.1/', 'https://100.64.0.1/']],
    [
      'metadata',
      ['https://169.254.169.254/', 'https://0xa9fea9fe/', 'https://2852039166/', 'https://[fd00:ec2::254]/'],
    ],
    ['no number of an address', ['https://256.0.0.1/', 'https://4294967296/', 'https://1.2.3.4.5/', 'https://0x/']],
    ['IPv6 loopback', ['https://[::1]/', 'https://[0:0:0:0:0:0:0:1]/', 'https://[::0001]/', 'https://[::]/']],
    ['IPv6 local', ['https://[fe80::1]/', 'https://[fc00::1]/', 'https://[fec0::1]/', 'https://[ff02::1]/']],
    ['a zone', ['https://[fe80::1%25eth0]/', 'https://[fe80::1%eth0]/', 'https://[2606:4700::1111%25eth0]/']],
    ['mapped', ['https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/', 'https://[::127.0.0.1]/']],
    ['mapped, and public', ['https://[::ffff:1.1.1.1]/', 'https://[64:ff9b::1.1.1.1]/']],
    ['NAT64', ['https://[64:ff9b::7f00:1]/', 'https://[64:ff9b::127.0.0.1]/', 'https://[64:ff9b:1::a00:1]/']],
    ['6to4, Teredo', ['https://[2002:7f00:1::]/', 'https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/']],
  ])('for %s: %j', (_why, urls) => {
    for (const url of urls) expect(check(url)).toThrow(refused);
  });

  test.each([
    ['http://example.com/?signature=secret', 'expected https, got http'],
    ['https://user:secret@example.com/', 'expected no user name or password in it'],
    ['https://secret.example.com:22/', 'expected port 443 or 8443, got 22'],
    ['https://10.0.0.1/?signature=secret', 'expected a public address'],
    ['https://secret/', 'expected a public host name'],
    ['secret', 'expected an absolute URL'],
  ])('%s with the rule, and never with the URL', (url, reason) => {
    const { message } = new JobError('SOURCE_URL_REFUSED', reason);
    expect(check(url)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }));
    expect(check(url)).toThrow(message);
  });
});

test('the ports are those of the list, and 443 is one of them only if it says so', () => {
  const allowedPorts = [4433];
  expect(check('https://example.com:4433/', { allowedPorts })).not.toThrow();
  for (const url of ['https://example.com/', 'https://example.com:443/', 'https://example.com:8443/']) {
    expect(check(url, { allowedPorts })).toThrow('expected port 4433, got ');
  }
});

test('for development, http and private addresses are allowed, other schemes and passwords are not', () => {
  const development = { allowPrivateNetwork: true };
  expect(check('http://127.0.0.1:9000/a', development)).not.toThrow();
  expect(check('file:///etc/passwd', development)).toThrow(refused);
  expect(check('http://user:pass@localhost/', development)).toThrow(refused);
});
