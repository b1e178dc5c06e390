import { describe, expect, test } from '@jest/globals';
import { parseJobQuery } from './job-query.ts';

const DEFAULTS = { sort: 'createdAt', order: 'desc', limit: 20, offset: 0 };

test('nothing asks for the newest twenty', () => {
  expect(parseJobQuery({})).toEqual({ ok: true, query: DEFAULTS });
});

test('an empty one, as a form sends it, is none', () => {
  expect(parseJobQuery({ status: '', q: '', from: '', limit: '' })).toEqual({ ok: true, query: DEFAULTS });
});

test.each([
  [{ status: 'failed' }, { status: ['failed'] }],
  [{ status: 'failed,canceled,failed' }, { status: ['failed', 'canceled'] }],
  [{ kind: 'hls' }, { kind: 'hls' }],
  [{ code: 'SOURCE_TIMEOUT' }, { code: 'SOURCE_TIMEOUT' }],
  [{ q: 'wand-17' }, { q: 'wand-17' }],
  [{ q: 'x'.repeat(200) }, { q: 'x'.repeat(200) }],
  [{ from: '2026-02-01' }, { from: new Date('2026-02-01T00:00:00.000Z') }],
  [{ from: '2024-02-29' }, { from: new Date('2024-02-29T00:00:00.000Z') }],
  [{ to: '2026-02-01T12:30:00Z' }, { to: new Date('2026-02-01T12:30:00.000Z') }],
  [{ to: '2026-02-01T12:30:00.250+02:00' }, { to: new Date('2026-02-01T10:30:00.250Z') }],
  [
    { sort: 'finishedAt', order: 'asc' },
    { sort: 'finishedAt', order: 'asc' },
  ],
  [
    { limit: '1', offset: '0' },
    { limit: 1, offset: 0 },
  ],
  [
    { limit: '100', offset: '12345' },
    { limit: 100, offset: 12345 },
  ],
])('%j is taken', (query, parsed) => {
  expect(parseJobQuery(query)).toEqual({ ok: true, query: { ...DEFAULTS, ...parsed } });
});

describe('what does not fit is refused by name, with what was expected and what came', () => {
  const STATUSES = 'expected one or more of queued, processing, completed, failed, canceled, with commas between';
  const TIME = 'expected a date, or a date with time and zone: 2026-02-01 or 2026-02-01T12:00:00Z';
  const LIMIT = 'expected a whole number from 1 to 100';
  test.each([
    ['status', 'done', `${STATUSES}, got "done"`],
    ['status', 'failed,', `${STATUSES}, got "failed,"`],
    ['status', 'failed, queued', `${STATUSES}, got "failed, queued"`],
    ['kind', 'mp4', 'Invalid option: expected one of "tape"|"hls", got "mp4"'],
    ['q', 'x'.repeat(201), `Too big: expected string to have <=200 characters, got "${'x'.repeat(40)}…"`],
    ['from', 'yesterday', `${TIME}, got "yesterday"`],
    ['from', '2026-02-30', `${TIME}, got "2026-02-30"`],
    // Whose noon?
    ['from', '2026-02-01T12:00:00', `${TIME}, got "2026-02-01T12:00:00"`],
    ['to', '1770000000000', `${TIME}, got "1770000000000"`],
    ['sort', 'slug', 'Invalid option: expected one of "createdAt"|"finishedAt", got "slug"'],
    ['order', 'DESC', 'Invalid option: expected one of "desc"|"asc", got "DESC"'],
    ['limit', '0', `${LIMIT}, got 0`],
    ['limit', '101', `${LIMIT}, got 101`],
    ...[' 1', '1e1', '0x10', '1.0', '-1', '9'.repeat(16)].map((text) => [
      ...['limit', text, `${LIMIT}, got ${JSON.stringify(text)}`],
    ]),
    ['offset', '-1', 'expected a whole number from 0 to 1000000000, got "-1"'],
  ])('%s=%s', (path, text, message) => {
    expect(parseJobQuery({ [path]: text })).toEqual({ ok: false, issues: [{ path, message }] });
  });

  test('one that is not known', () => {
    const message = 'expected only status, kind, code, q, from, to, sort, order, limit, offset';
    expect(parseJobQuery({ state: 'failed', limit: '5', page: '2' })).toEqual({
      ok: false,
      issues: [
        { path: 'state', message },
        { path: 'page', message },
      ],
    });
  });

  test('one that is repeated', () => {
    expect(parseJobQuery({ status: ['failed', 'queued'], limit: ['1', '2', '3'], kind: 'hls' })).toEqual({
      ok: false,
      issues: [
        { path: 'status', message: 'expected it once, got it 2 times' },
        { path: 'limit', message: 'expected it once, got it 3 times' },
      ],
    });
  });

  test('all of them at once', () => {
    const parsed = parseJobQuery({ kind: 'mp4', limit: '0', order: 'up' });
    expect(parsed.ok ? [] : parsed.issues.map(({ path }) => path)).toEqual(['kind', 'order', 'limit']);
  });
});
