import { formatBytes, formatCount, formatDuration } from '../../ui/format.ts';

/** Any value of JSON, as rows that a person can read. */
export type Fact = { label: string } & FactContent;
type FactContent =
  | { is: 'text'; text: string }
  | { is: 'group'; facts: readonly Fact[] }
  | { is: 'table'; columns: readonly string[]; rows: readonly (readonly string[])[] };

const MAX_DEPTH = 6;
const NOTHING = '–';

/** @param value an object of which nothing is known but that it came as JSON */
export function buildFacts(value: Readonly<Record<string, unknown>>, depth = 0): Fact[] {
  return Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .map(([key, one]) => ({ label: buildLabel(key), ...describe(key, one, depth) }));
}

function describe(key: string, value: unknown, depth: number): FactContent {
  if (typeof value !== 'object' || value === null) return { is: 'text', text: formatScalar(key, value) };
  // Deeper than people read.
  if (depth >= MAX_DEPTH) return { is: 'text', text: JSON.stringify(value) };
  if (Array.isArray(value)) return describeList(key, value, depth);
  const entries = Object.entries(value);
  if (isSize(value)) return { is: 'text', text: `${value.width} × ${value.height}` };
  if (entries.length === 0) return { is: 'text', text: NOTHING };
  return { is: 'group', facts: buildFacts(Object.fromEntries(entries), depth + 1) };
}

function describeList(key: string, list: readonly unknown[], depth: number): FactContent {
  if (list.length === 0) return { is: 'text', text: NOTHING };
  if (list.every(isRow)) return describeTable(list);
  if (list.every(isScalar)) return { is: 'text', text: list.map((one) => formatScalar(key, one)).join(', ') };
  const facts = list.map((one, index) => ({ label: String(index + 1), ...describe(key, one, depth + 1) }));
  return { is: 'group', facts };
}

type Row = Readonly<Record<string, unknown>>;

function describeTable(list: readonly Row[]): FactContent {
  const keys = [...new Set(list.flatMap((row) => Object.keys(row)))];
  const rows = list.map((row) => keys.map((key) => formatScalar(key, row[key])));
  return { is: 'table', columns: keys.map(buildLabel), rows };
}

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null;

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isScalar);
}

function isSize(value: object): value is { width: unknown; height: unknown } {
  return Object.keys(value).length === 2 && 'width' in value && 'height' in value && isRow(value);
}

/** Units are in the names: `estimatedBytes` is told as `Estimated: 296 MB`. */
const UNITS: readonly [suffix: RegExp, format: (value: number) => string][] = [
  [/Bytes$/, formatBytes],
  [/Sec$/, (value) => formatDuration(value)],
  [/Ms$/, (value) => formatDuration(value / 1000)],
  [/Kbps$/, (value) => `${formatNumber(value)} kbit/s`],
];

/** Sizes in pixels are read without commas. */
const formatNumber = (value: number): string =>
  Number.isInteger(value) && value < 10_000 ? String(value) : formatCount(value);

function formatScalar(key: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return NOTHING;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') return JSON.stringify(value);
  const [, format] = UNITS.find(([suffix]) => isUnit(key, suffix) && value >= 0) ?? [];
  return format ? format(value) : formatNumber(value);
}

/** `framesPerSec` is no time. */
const isUnit = (key: string, suffix: RegExp): boolean => suffix.test(key) && !/Per[A-Z][a-z]+$/.test(key);

/** `reducedForMemory` → `Reduced for memory` */
export function buildLabel(key: string): string {
  const bare = UNITS.reduce((name, [suffix]) => (isUnit(key, suffix) ? name.replace(suffix, '') : name), key) || key;
  const words = bare.replace(/[_-]+/g, ' ').replace(/([a-z0-9])([A-Z])/g, (_, end: string, start: string) => {
    return `${end} ${start.toLowerCase()}`;
  });
  return words.charAt(0).toUpperCase() + words.slice(1);
}
