import { describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { ERROR_TABLE, parseConvertRequest, parseJobQuery } from '@tapedeck/contracts';
import { buildDocument } from '../../apps/api/src/docs/document.ts';
import { CALLBACKS, CONVERT_REQUESTS, EVENTS } from '../../apps/api/src/docs/examples.ts';
import type { OpenApiDocument, Parameter } from '../../apps/api/src/docs/openapi.ts';
import { SCHEMAS } from '../../apps/api/src/docs/schemas.ts';
import { closeSchemas, createDocumentCheck, follow, listExamples, listOperations } from '../support/openapi.ts';

const DOCUMENT = buildDocument({ publicUrl: 'https://tapedeck.example.com', servesStorage: true });
const asIs = createDocumentCheck(DOCUMENT);
const closed = createDocumentCheck(closeSchemas(DOCUMENT));
const EXAMPLES = listExamples(DOCUMENT);

test('the document is OpenAPI 3.1 by its own meta schema', async () => {
  const validator = new Validator();
  const check = (document: unknown) => validator.validate(structuredClone(document) as Record<string, unknown>);
  expect(await check(DOCUMENT)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  expect(await check({ ...DOCUMENT, tags: 'none' })).toMatchObject({ valid: false });
});

test('every reference leads somewhere, and nothing lies there unused', () => {
  const references = new Set([...JSON.stringify(DOCUMENT).matchAll(/"\$ref":"([^"]+)"/g)].map(([, name]) => name!));
  for (const reference of references) expect(follow(DOCUMENT, reference)).toBeDefined();
  const { schemas, headers, examples } = DOCUMENT.components;
  const lying = Object.entries({ schemas, headers, examples }).flatMap(([kind, parts]) =>
    Object.keys(parts).map((name) => `#/components/${kind}/${name}`),
  );
  expect([...references].toSorted()).toEqual(lying.toSorted());
});

test('the examples that no caller of an operation can miss are there', () => {
  for (const [operation, { requestBody, responses }] of listOperations(DOCUMENT)) {
    const bodies = [requestBody, ...Object.values(responses)].flatMap((part) => Object.entries(part?.content ?? {}));
    for (const [mediaType, { examples = {} }] of bodies) {
      if (mediaType !== '*/*') expect([operation, Object.keys(examples)]).not.toEqual([operation, []]);
    }
  }
  expect(EXAMPLES.length).toBeGreaterThan(100);
});

describe('every example is valid', () => {
  test.each(EXAMPLES.map(({ pointer, value }) => [pointer, value]))('by JSON Schema 2020-12: %s', (pointer, value) => {
    expect(asIs.findFaults(pointer as string, value)).toEqual([]);
    // And says nothing that the schema does not name.
    expect(closed.findFaults(pointer as string, value)).toEqual([]);
  });

  const named = EXAMPLES.flatMap(({ pointer, value }) => {
    const { $ref } = follow(DOCUMENT, `#${pointer}`) as { $ref?: string };
    const name = Object.keys(SCHEMAS).find((one) => $ref === `#/components/schemas/${one}`);
    return name === undefined ? [] : [[name, pointer, value] as const];
  });

  test.each(named)('by the schema that the code parses with: %s at %s', (name, _pointer, value) => {
    expect(SCHEMAS[name as keyof typeof SCHEMAS].safeParse(value)).toMatchObject({ success: true });
  });

  test('those of a job, an error, a callback and the rest are among them', () => {
    const unshown = ['TapeRequest', 'HlsRequest', 'TapeOutput', 'HlsOutput', 'RenditionOutput', 'ErrorCode'];
    const shown = new Set(named.map(([name]) => name));
    expect(Object.keys(SCHEMAS).filter((name) => !shown.has(name))).toEqual(unshown);
  });

  test.each(Object.entries(CONVERT_REQUESTS))('as a request: %s', (_name, { value }) => {
    expect(parseConvertRequest(value)).toMatchObject({ ok: true });
  });

  test('as an event of the stream', () => {
    const jobs = EVENTS.map((event) => JSON.parse(/^data: (.*)$/m.exec(event)![1]!) as unknown);
    for (const job of jobs) expect(closed.findFaults('/components/schemas/Job', job)).toEqual([]);
    expect(jobs).toHaveLength(2);
  });
});

test('every code of an error is told with the status that it has', () => {
  for (const [operation, { responses }] of listOperations(DOCUMENT)) {
    for (const [status, { content }] of Object.entries(responses)) {
      const codes = Object.keys(content?.['application/problem+json']?.examples ?? {});
      for (const code of codes as (keyof typeof ERROR_TABLE)[]) {
        expect([operation, code, String(ERROR_TABLE[code].httpStatus)]).toEqual([operation, code, status]);
      }
    }
  }
});

/** What the document lets through and what the code takes is the same. */
describe('what the code refuses, the document refuses, too', () => {
  const BODY = '/paths/~1convert/post/requestBody/content/application~1json/schema';
  const tape = CONVERT_REQUESTS.tape!.value as Record<string, unknown>;
  const video = CONVERT_REQUESTS.video!.value as Record<string, unknown>;
  const { mongoId: _mongoId, ...nameless } = tape;
  const { id: _id, ...namelessVideo } = video;
  const rung = { name: 'low', height: 240 };

  test.each<[string, object]>([
    ['a tape and a video', { ...tape, videoUrl: video.videoUrl }],
    ['neither', { ...tape, zipUrl: undefined }],
    ['no reference', nameless],
    ['no reference of a video', namelessVideo],
    ['an empty reference', { ...tape, mongoId: '' }],
    ['a reference of 201 characters', { ...tape, mongoId: 'x'.repeat(201) }],
    ['a negative reference', { ...tape, mongoId: -1 }],
    ['a type that is another', { ...tape, type: 'hls' }],
    ['a bucket that is none', { ...tape, bucket: 'My Bucket' }],
    ['a bucket of an access point', { ...tape, bucket: 'tapes-s3alias' }],
    ['an empty slug', { ...tape, slug: '' }],
    ['a slug with a line break', { ...tape, slug: 'a\nb' }],
    ['an address of 8193 characters', { ...tape, zipUrl: `https://example.com/${'x'.repeat(8173)}` }],
    ['metadata that is a list', { ...tape, metadata: [] }],
    ['an option that is not there', { ...tape, options: { colour: 'red' } }],
    ['crf 52', { ...tape, options: { crf: 52 } }],
    ['scale 0', { ...tape, options: { scale: 0 } }],
    ['a maxBytes that nothing fits', { ...tape, options: { maxBytes: 65_535 } }],
    ['a priority that is not there', { ...tape, priority: 'urgent' }],
    ['a format of callbacks that is not there', { ...tape, callbackFormat: 'oven', code: 'abc' }],
    ['a format of tapes for a video', { ...video, callbackFormat: 'oven-complete', code: 'abc' }],
    ['a code that is empty', { ...tape, callbackFormat: 'oven-complete', code: '' }],
    ['an upload of a video', { ...video, upload: { putUrl: 'https://example.com/a' } }],
    ['an upload to nowhere', { ...tape, upload: {} }],
    ['a ladder that is not there', { ...video, ladder: 'huge' }],
    ['a ladder without rungs', { ...video, ladder: [] }],
    ['seven rungs', { ...video, ladder: Array.from({ length: 7 }, (_, index) => ({ ...rung, name: `r${index}` })) }],
    ['a rung without a height', { ...video, ladder: [{ name: 'low' }] }],
    ['a rung with a field of its own', { ...video, ladder: [{ ...rung, fps: 30 }] }],
  ])('%s', (_what, body) => {
    const sent: unknown = JSON.parse(JSON.stringify(body));
    expect(parseConvertRequest(sent).ok).toBe(false);
    expect(asIs.findFaults(BODY, sent)).not.toEqual([]);
  });

  const parameters = DOCUMENT.paths['/api/jobs']!.get!.parameters!;
  const findParameterFaults = (name: string, value: unknown): string[] => {
    const index = parameters.findIndex((parameter: Parameter) => parameter.name === name);
    return asIs.findFaults(`/paths/~1api~1jobs/get/parameters/${index}/schema`, value);
  };

  test.each<[string, string | number]>([
    ['status', 'failed,'],
    ['status', 'done'],
    ['kind', 'mp4'],
    ['q', 'x'.repeat(201)],
    ['from', 'yesterday'],
    ['to', '2026-02-01T12:00:00'],
    ['sort', 'slug'],
    ['order', 'DESC'],
    ['limit', 0],
    ['limit', 101],
    ['offset', -1],
  ])('the query %s=%s', (name, value) => {
    expect(parseJobQuery({ [name]: String(value) }).ok).toBe(false);
    expect(findParameterFaults(name, value)).not.toEqual([]);
  });

  test('and the other way round, with the defaults that are told', () => {
    const taken = { status: 'failed,canceled', kind: 'hls', q: 'a', from: '2026-02-01', to: '2026-02-01T12:00:00Z' };
    for (const [name, value] of Object.entries(taken)) expect(findParameterFaults(name, value)).toEqual([]);
    expect(parseJobQuery(taken)).toMatchObject({ ok: true });
    const told = Object.fromEntries(parameters.map(({ name, schema }) => [name, schema.default]));
    expect(parseJobQuery({})).toEqual({ ok: true, query: JSON.parse(JSON.stringify(told)) as object });
  });
});

test("every callback's example is one that its status tells apart", () => {
  expect(Object.values(CALLBACKS).map(({ value }) => (value as { status: string }).status)).toEqual([
    ...['complete', 'complete', 'error', 'canceled'],
  ]);
});

test('storage is described only where it is served', () => {
  const hasStorage = ({ paths }: OpenApiDocument) => Object.keys(paths).some((path) => path.startsWith('/storage'));
  expect(hasStorage(DOCUMENT)).toBe(true);
  expect(hasStorage(buildDocument({ publicUrl: 'https://tapedeck.example.com', servesStorage: false }))).toBe(false);
});
