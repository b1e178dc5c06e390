import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { listMetricNames, listMismatches, listUnknownMetrics } from '../support/promql.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  for?: string;
  labels?: { severity?: string };
  annotations?: { summary: string; description: string; runbook: string };
}
interface RuleFile {
  groups: { name: string; rules: Rule[] }[];
}
interface TestFile {
  tests: { name: string }[];
}
interface Panel {
  id: number;
  title: string;
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { refId: string; expr: string }[];
}
interface Dashboard {
  panels: Panel[];
  templating: { list: { name: string; type: string; current: { value?: string } }[] };
}

const RULES_FILE = 'deploy/prometheus/rules.yml';
const TEST_FILES = ['deploy/prometheus/rules.test.yml', 'deploy/prometheus/rules-day.test.yml'];
const CONFIG_FILE = 'deploy/prometheus/prometheus.yml';
const PROMTOOL_TIMEOUT_MS = 30_000;

const read = (path: string): string => readFileSync(path, 'utf8');
const ruleFile = parse(read(RULES_FILE)) as RuleFile;
const rules = ruleFile.groups.flatMap((group) => group.rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const recorded = rules.flatMap(({ record }) => record ?? []);
const dashboard = JSON.parse(read('deploy/grafana/tapedeck.json')) as Dashboard;
const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);

let temp: TempDir;
beforeAll(async () => {
  temp = await createTempDir('monitoring');
});
afterAll(() => temp.remove());

/** @throws what promtool says against it */
async function runPromtool(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('promtool', args, { timeout: PROMTOOL_TIMEOUT_MS });
  return stdout;
}

async function writeRules(content: RuleFile): Promise<string> {
  const dir = await mkdtemp(join(temp.dir, 'rules-'));
  await writeFile(join(dir, basename(RULES_FILE)), stringify(content));
  return dir;
}

/** Those that have the alert in their name: all of them would take seconds. @returns the paths */
async function writeTestsOf(alert: string, dir: string): Promise<string[]> {
  const files = TEST_FILES.map((path) => ({ path, content: parse(read(path)) as TestFile }))
    .map(({ path, content }) => ({
      path: join(dir, basename(path)),
      content: { ...content, tests: content.tests.filter(({ name }) => name.includes(alert)) },
    }))
    .filter(({ content }) => content.tests.length > 0);
  for (const { path, content } of files) await writeFile(path, stringify(content));
  return files.map(({ path }) => path);
}

/** The rules with one of them changed. */
function changeRule(name: string, change: (rule: Rule) => Rule): RuleFile {
  const groups = ruleFile.groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => ((rule.alert ?? rule.record) === name ? change(rule) : rule)),
  }));
  return { groups };
}

/** Ways in which a rule can be wrong, where it has what can be. */
const MISTAKES: Record<string, (rule: Rule) => Rule> = {
  'never fires': (rule) => ({ ...rule, expr: `(${rule.expr}) and on () vector(0) > 1` }),
  'fires below its threshold': (rule) => ({
    ...rule,
    expr: rule.expr.replace(/> ([\d.]+)$/, (_, threshold: string) => `> ${Number(threshold) * 0.99 - 0.0001}`),
  }),
  'fires before its time': (rule) => ({
    ...rule,
    ...(rule.for && { for: `${Number.parseInt(rule.for, 10) - 1}m` }),
  }),
  'fires after its time': (rule) => ({
    ...rule,
    ...(rule.for && { for: `${Number.parseInt(rule.for, 10) + 1}m` }),
  }),
  'counts each replica': (rule) => ({ ...rule, expr: rule.expr.replaceAll(/\bmax(?= by| ?\()/g, 'sum') }),
};

describe('the alerts', () => {
  test('are rules that Prometheus takes', async () => {
    expect(await runPromtool('check', 'rules', RULES_FILE)).toContain(`SUCCESS: ${rules.length} rules found`);
  });

  test('fire, and do not, as their own tests say', async () => {
    expect(await runPromtool('test', 'rules', ...TEST_FILES)).toContain('SUCCESS');
  });

  const cases = alerts.flatMap(({ alert }) =>
    Object.entries(MISTAKES)
      .filter(([, change]) => JSON.stringify(changeRule(alert!, change)) !== JSON.stringify(ruleFile))
      .map(([mistake, change]) => [alert!, mistake, change] as const),
  );

  test.each(cases)('%s has tests that notice when it %s', async (alert, _, change) => {
    const dir = await writeRules(changeRule(alert, change));
    const files = await writeTestsOf(alert, dir);
    expect(await runPromtool('check', 'rules', join(dir, basename(RULES_FILE)))).toContain('SUCCESS');
    await expect(runPromtool('test', 'rules', ...files)).rejects.toThrow('Command failed');
  });

  test('have a section each in docs/operations.md, which has no other, and lead to it', () => {
    const sections = [...read('docs/operations.md').matchAll(/^### (Tapedeck\w+)$/gm)].map(([, name]) => name!);
    // What Prometheus sees as TapedeckDown, the API tells of itself by another name.
    const ofRules = sections.filter((name) => name !== 'TapedeckRedisAway');
    expect(ofRules.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
    for (const { alert, annotations, labels } of alerts) {
      expect(annotations).toMatchObject({
        summary: expect.any(String),
        description: expect.stringMatching(/\$value|\$labels/),
        runbook: `docs/operations.md#${alert!.toLowerCase()}`,
      });
      expect(['warning', 'critical']).toContain(labels?.severity);
    }
  });
});

describe('the scrape', () => {
  test('is a configuration that Prometheus takes, with the alerts', async () => {
    const dir = await writeRules(ruleFile);
    await copyFile(CONFIG_FILE, join(dir, 'prometheus.yml'));
    await writeFile(join(dir, 'metrics-token'), 'token');
    expect(await runPromtool('check', 'config', join(dir, 'prometheus.yml'))).toContain('1 rule files found');
  });

  test('has the name that the alerts ask for', () => {
    const { scrape_configs: scrapes } = parse(read(CONFIG_FILE)) as { scrape_configs: { job_name: string }[] };
    const asked = [...rules, ...targets].flatMap(({ expr }) =>
      [...expr.matchAll(/\bjob="([^"]*)"/g)].map(([, job]) => job),
    );
    expect(new Set(asked)).toEqual(new Set(scrapes.map(({ job_name: name }) => name)));
  });
});

describe('the dashboard', () => {
  test('asks what Prometheus understands', async () => {
    const durations = { $window: '1h', $__range: '6h', $__rate_interval: '1m' };
    const exprs = targets.map(({ expr }) =>
      Object.entries(durations).reduce((text, [name, value]) => text.replaceAll(name, value), expr),
    );
    const asRules = exprs.map((expr, index) => ({ record: `panel:${index}`, expr }));
    const dir = await writeRules({ groups: [{ name: 'panels', rules: asRules }] });
    const answer = await runPromtool('check', 'rules', join(dir, basename(RULES_FILE)));
    expect(answer).toContain(`SUCCESS: ${targets.length} rules found`);
    expect(targets.length).toBeGreaterThan(30);
  });

  test('has variables for what it leaves open', () => {
    const names = dashboard.templating.list.map(({ name }) => name);
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map(([, name]) => name!);
    const own = used.filter((name) => !name.startsWith('__'));
    expect(new Set(own)).toEqual(new Set(names));
  });

  test('has an id, a place and a question for each panel, and no two panels at one place', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ type, targets: own = [] }) => (type === 'row') !== (own.length === 0))).toEqual([]);
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (const cell of listCells(gridPos)) {
        expect([title, taken.get(cell)]).toEqual([title, undefined]);
        taken.set(cell, title);
      }
    }
  });
});

function listCells({ x, y, w, h }: Panel['gridPos']): string[] {
  return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
}

test('alerts and dashboard ask for metrics, labels and values that there are', () => {
  const exprs = [...rules, ...targets].map(({ expr }) => expr);
  expect(exprs.flatMap((expr) => listUnknownMetrics(expr, recorded))).toEqual([]);
  expect(exprs.flatMap(listMismatches)).toEqual([]);
  expect(new Set(exprs.flatMap(listMetricNames)).size).toBeGreaterThan(20);
  const wrong = 'sum by (le) (rate(tapedeck_nothing{a="b"}[5m])) and on () tapedeck_workers{state="gone"} > 2e3';
  expect(listUnknownMetrics(wrong)).toEqual(['tapedeck_nothing']);
  expect(listMismatches(wrong)).toEqual(['tapedeck_nothing{a="b"}', 'tapedeck_workers{state="gone"}']);
});
