import addFormats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { OpenApiDocument, Operation, PathItem } from '../../apps/api/src/docs/openapi.ts';

/** An OpenAPI document, as ajv reads it: by the book, and nothing of ours in between. */
export interface DocumentCheck {
  /** What does not fit the schema at this JSON pointer into the document. */
  findFaults(pointer: string, value: unknown): string[];
}

/** @param document as it is, or with its schemas closed */
export function createDocumentCheck(document: OpenApiDocument): DocumentCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi.json');
  return {
    findFaults(pointer, value) {
      const validate = ajv.compile({ $ref: `openapi.json#${pointer}` });
      if (validate(value)) return [];
      return validate.errors!.map(({ instancePath, message, params }) =>
        [instancePath, message, JSON.stringify(params)].join(' '),
      );
    },
  };
}

/** The document without room for fields that it does not name: what an answer has beside them is found. */
export function closeSchemas<T>(part: T): T {
  if (Array.isArray(part)) return part.map((item: unknown) => closeSchemas(item)) as T;
  if (typeof part !== 'object' || part === null) return part;
  const closed = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, closeSchemas(value)]));
  const isOpen = 'properties' in part && 'type' in part && part.type === 'object' && !('additionalProperties' in part);
  return { ...closed, ...(isOpen && { additionalProperties: false }) } as T;
}

/** A key, as a JSON pointer has it. */
export const escapePointer = (key: string): string =>
  encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

/** `GET /api/jobs/{jobId}` and what is said of it. */
export function listOperations({ paths }: OpenApiDocument): [string, Operation][] {
  return Object.entries(paths).flatMap(([path, item]: [string, PathItem]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
}

export interface DocumentedExample {
  /** Where its schema is. */
  pointer: string;
  value: unknown;
}

/** Every example of the document, found by its shape: `examples` or `example` beside a `schema`. */
export function listExamples(document: OpenApiDocument): DocumentedExample[] {
  const found: DocumentedExample[] = [];
  const visit = (part: unknown, pointer: string): void => {
    if (typeof part !== 'object' || part === null) return;
    const { schema, example, examples = {} } = part as { schema?: unknown; example?: unknown; examples?: object };
    if (schema !== undefined) {
      if (example !== undefined) found.push({ pointer: `${pointer}/schema`, value: example });
      for (const one of Object.values(examples) as ({ value: unknown } | { $ref: string })[]) {
        const { value } = '$ref' in one ? (follow(document, one.$ref) as { value: unknown }) : one;
        found.push({ pointer: `${pointer}/schema`, value });
      }
    }
    for (const [key, child] of Object.entries(part)) visit(child, `${pointer}/${escapePointer(key)}`);
  };
  visit(document, '');
  return found;
}

/** What a reference leads to. @throws Error when it leads nowhere */
export function follow(document: OpenApiDocument, reference: string): unknown {
  const keys = reference.replace('#/', '').split('/');
  return keys.reduce<unknown>((part, key) => {
    const name = decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof part === 'object' && part !== null && name in part) return (part as Record<string, unknown>)[name];
    throw new Error(`${reference} leads nowhere: there is no ${name}`);
  }, document);
}
