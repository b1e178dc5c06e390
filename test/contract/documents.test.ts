import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ERROR_TABLE } from '@tapedeck/contracts';
import { createProgram } from '../../apps/cli/src/program.ts';
import { EXIT_MEANINGS } from '../../apps/cli/src/exit-code.ts';
import { listCompletionNodes } from '../../apps/cli/src/completion/completion-tree.ts';
import { ENVIRONMENT, MIN_NODE_VERSION, VERSION } from '@tapedeck/runtime';

const read = (path: string): string => readFileSync(path, 'utf8');

test('.env.example lists every variable, and no other', () => {
  const listed = [...read('.env.example').matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1]);
  expect(listed.toSorted()).toEqual(Object.keys(ENVIRONMENT).toSorted());
});

test('docs/errors.md has every row of the error table, and no other', () => {
  const rows = [
    ...read('docs/errors.md').matchAll(/^\| `([A-Z0-9_]+)` +\| (\d+) +\| (yes|no)(?:, × (\d+))? +\| (.+?) +\|$/gm),
  ].map(([, code, status, retryable, factor, summary]) => ({
    ...{ code, httpStatus: Number(status), retryable: retryable === 'yes', summary },
    ...(factor !== undefined && { backoffFactor: Number(factor) }),
  }));
  const table = Object.entries(ERROR_TABLE).map(([code, row]) => ({ code, ...row }));
  expect(rows).toEqual(table);
});

test('docs/callers.md says what to do about every code, once', () => {
  const [, errors = ''] = read('docs/callers.md').split('## Errors, and what to do');
  const rows = errors.match(/^\| `[A-Z_]+`.* \|$/gm)!;
  const listed = rows.flatMap((row) => [...row.split(' | ')[0]!.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code));
  expect(listed.toSorted()).toEqual(Object.keys(ERROR_TABLE).toSorted());
});

/** The lines of a test file that can be titles, in `test`, `describe` or a table of cases. */
function listTitles(source: string): string {
  return source.match(/^\s*(?:(?:test|describe)\b.*|['"`\[].*)$/gm)!.join('\n');
}

test('docs/faults.md names tests that are there', () => {
  const rows = read('docs/faults.md')
    .match(/^\| .+ \|$/gm)!
    .slice(2);
  for (const row of rows) {
    let file = '';
    for (const claim of row.split('|').at(-2)!.split(' · ')) {
      const [, name, words = ''] = /^\s*(?:`([\w/-]+)`: )?(.+?)\s*$/.exec(claim)!;
      if (name !== undefined) file = listTitles(read(`test/${name}.test.ts`));
      if (!words.includes('npm run')) expect(file).toContain(words);
    }
  }
  expect(rows.length).toBeGreaterThan(10);
});

test('SECURITY.md names tests that are there', () => {
  const names = [...read('SECURITY.md').matchAll(/`((?:integration|faults|e2e)\/[\w-]+)`/g)].map(([, name]) => name!);
  for (const name of names) expect(existsSync(`test/${name}.test.ts`)).toBe(true);
  expect(names.length).toBeGreaterThan(10);
});

/** As GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
const listHeadings = (path: string): { level: number; text: string }[] =>
  [...read(path).matchAll(/^(#+) (.+)$/gm)].map(([, marks, text]) => ({ level: marks!.length, text: text! }));

test.each(['README.md', ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []))])(
  '%s links to files and headings that are there',
  (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)];
    for (const [, path, anchor] of links) {
      const target = path ? join(dirname(document), path) : document;
      expect({ target, exists: existsSync(target) }).toEqual({ target, exists: true });
      if (anchor !== undefined) expect(listHeadings(target).map(({ text }) => anchorOf(text))).toContain(anchor);
    }
  },
);

test('docs/cli.md has every command, and no other', () => {
  const leaves = listCompletionNodes(createProgram({})).filter(({ commands }) => commands.length === 0);
  const paths = leaves.map(({ path }) => path.replace(/^tapedeck /, ''));
  const listed = [...read('docs/cli.md').matchAll(/^\| `([a-z -]+?)(?: [[<][^`]*)?` +\|/gm)].map(([, path]) => path!);
  expect(listed.toSorted()).toEqual(paths.toSorted());
});

test('docs/cli.md has every exit code, in the words of --help', () => {
  const listed = [...read('docs/cli.md').matchAll(/^\| (\d+) +\| (.+?) +\|$/gm)];
  const wanted = Object.entries(EXIT_MEANINGS);
  expect(listed.map(([, code]) => code)).toEqual(wanted.map(([code]) => code));
  for (const [index, [, meaning]] of wanted.entries()) expect(listed[index]![2]!.startsWith(meaning)).toBe(true);
});

test('docs/operations.md begins with its headings, in their order', () => {
  const document = 'docs/operations.md';
  const listed = [...read(document).matchAll(/^ *- \[([^\]]+)\]\(#/gm)].map(([, text]) => text);
  const headings = listHeadings(document);
  const alerts = headings.findIndex(({ text }) => text === 'Alerts');
  const after = headings.findIndex(({ level }, index) => index > alerts && level === 2);
  const wanted = headings.filter(({ level }, index) => level === 2 || (index > alerts && index < after));
  expect(listed).toEqual(wanted.map(({ text }) => text));
});

test('there is one version', () => {
  const manifests = [
    'package.json',
    ...['apps', 'packages'].flatMap((dir) => readdirSync(dir).map((name) => `${dir}/${name}/package.json`)),
  ];
  for (const manifest of manifests) expect(JSON.parse(read(manifest))).toMatchObject({ version: VERSION });
  expect(JSON.parse(read('package.json'))).toMatchObject({ engines: { node: `>=${MIN_NODE_VERSION}` } });
});

test('the lockfile has no download address', () => {
  expect(read('package-lock.json')).not.toMatch(/"resolved": "http/);
});

describe('the layers', () => {
  const MIDDLE = ['jobs', 'transfer', 'media', 'runtime'];
  const allowed: Record<string, string[]> = {
    'packages/contracts': [],
    ...Object.fromEntries(MIDDLE.map((name) => [`packages/${name}`, ['contracts']])),
    'packages/conversion': ['contracts', 'media', 'runtime'],
    'packages/upkeep': ['contracts', ...MIDDLE],
    'packages/client': [],
    'apps/api': ['contracts', ...MIDDLE, 'upkeep'],
    'apps/worker': ['contracts', ...MIDDLE, 'upkeep', 'conversion'],
    'apps/dashboard': ['contracts'],
    'apps/cli': ['client', 'contracts', ...MIDDLE, 'upkeep', 'conversion'],
  };

  test.each(Object.entries(allowed))('%s imports only what is below it', (dir, below) => {
    const files = readdirSync(`${dir}/src`, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.tsx?$/.test(name),
    );
    const imported = files.flatMap((file) =>
      [...read(`${dir}/src/${file}`).matchAll(/from '@tapedeck\/([a-z]+)'/g)].map((match) => match[1]!),
    );
    expect(imported.filter((name) => !below.includes(name))).toEqual([]);
    const declared = Object.keys(
      (JSON.parse(read(`${dir}/package.json`)) as { dependencies?: object }).dependencies ?? {},
    );
    for (const name of new Set(imported)) expect(declared).toContain(`@tapedeck/${name}`);
  });

  test('the client depends on nothing, and imports nothing but itself, and node:crypto where WebCrypto is no global', () => {
    const manifest = JSON.parse(read('packages/client/package.json')) as Record<string, unknown>;
    expect(Object.keys(manifest).filter((name) => /dependencies/i.test(name))).toEqual([]);
    const files = readdirSync('packages/client/src').filter((name) => !name.endsWith('.test.ts'));
    const imported = files.flatMap((file) => [
      ...read(`packages/client/src/${file}`).matchAll(/(?: from|import\() ?'(.+)'/g),
    ]);
    expect(imported.map(([, path]) => path).filter((path) => !path!.startsWith('./'))).toEqual([]);
    expect(imported.length).toBeGreaterThan(20);
    // The one import that is named by a constant: what bundlers would look for is not written in it.
    const byName = files.flatMap((file) =>
      [...read(`packages/client/src/${file}`).matchAll(/\bimport\((?:\s|\/\*.*?\*\/)*([^\s'].*?)\)/g)].map(
        ([, name]) => `${file}: ${name}`,
      ),
    );
    expect(byName).toEqual(['web-crypto.ts: NODE_CRYPTO']);
    expect(read('packages/client/src/web-crypto.ts')).toContain("const NODE_CRYPTO: string = 'node:crypto';");
  });

  test('every package is named here', () => {
    const dirs = ['apps', 'packages'].flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`));
    expect(dirs.toSorted()).toEqual(Object.keys(allowed).toSorted());
  });
});

test('callbackUrl and zipUrl keep their names from the body to the wire', () => {
  const sources = ['apps', 'packages'].flatMap((dir) =>
    readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\/src\/.*(?<!\.test)\.ts$/.test(name))
      .map((name) => read(`${dir}/${name}`)),
  );
  const text = sources.join('\n');
  expect(text).not.toMatch(/callbackURL|callback_url|webhookUrl|zipURL|zip_url|sourceZip/);
  for (const name of ['callbackUrl', 'zipUrl'])
    expect(sources.filter((source) => source.includes(name)).length).toBeGreaterThan(3);
});
