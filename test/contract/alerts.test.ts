import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { buildRunbook } from '@tapedeck/contracts';
import { parse } from 'yaml';
import { FLEET_CONDITIONS, REDIS_AWAY } from '../../apps/api/src/alerts/conditions.ts';

interface Rule {
  alert?: string;
  for?: string;
  labels?: { severity: string };
}

const read = (path: string): string => readFileSync(path, 'utf8');
const { groups } = parse(read('deploy/prometheus/rules.yml')) as { groups: { rules: Rule[] }[] };
const rules = groups
  .flatMap(({ rules }) => rules)
  .flatMap(({ alert, for: lasts = '0m', labels }) => {
    if (alert === undefined) return [];
    const minutes = Number(/^(\d+)m$/.exec(lasts)![1]);
    return [{ alert, severity: labels!.severity, forMs: minutes * 60_000 }];
  });

describe("the API's own alerts", () => {
  test("are Prometheus' rules, with the same severity and for as long", () => {
    const own = FLEET_CONDITIONS.map(({ alert, severity, forMs }) => ({ alert, severity, forMs }));
    // That an API is away, none can say itself: only that its Redis is.
    const others = rules.filter(({ alert }) => alert !== 'TapedeckDown');
    expect(new Set(own)).toEqual(new Set(others));
    expect(own).toHaveLength(10);
  });

  test.each([...FLEET_CONDITIONS, REDIS_AWAY].map(({ alert }) => alert))(
    '%s has a section that its runbook names',
    (alert) => {
      const [file, anchor] = buildRunbook(alert).split('#') as [string, string];
      const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!.toLowerCase());
      expect(headings).toContain(anchor);
    },
  );
});
