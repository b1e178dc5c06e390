import {
  acceptedSchema,
  batchAnswerSchema,
  callbackBodySchema,
  compressAnswerSchema,
  compressRequestSchema,
  deletedSchema,
  errorCodeSchema,
  healthSchema,
  hlsOutputSchema,
  hlsRequestSchema,
  jobListSchema,
  jobQuerySchema,
  jobViewSchema,
  livenessSchema,
  ovenCallbackBodySchema,
  problemSchema,
  readinessSchema,
  renditionOutputSchema,
  statsSchema,
  tapeOutputSchema,
  tapeRequestSchema,
} from '@tapedeck/contracts';
import { z } from 'zod';
import type { JsonSchema, Parameter, Reference } from './openapi.ts';

/** The schemas of the document, by the names that generated clients will have for them. */
export const SCHEMAS = {
  TapeRequest: tapeRequestSchema,
  HlsRequest: hlsRequestSchema,
  Accepted: acceptedSchema,
  BatchAnswer: batchAnswerSchema,
  Job: jobViewSchema,
  TapeOutput: tapeOutputSchema,
  HlsOutput: hlsOutputSchema,
  RenditionOutput: renditionOutputSchema,
  JobList: jobListSchema,
  Deleted: deletedSchema,
  Stats: statsSchema,
  CompressRequest: compressRequestSchema,
  CompressAnswer: compressAnswerSchema,
  Callback: callbackBodySchema,
  OvenCallback: ovenCallbackBodySchema,
  Liveness: livenessSchema,
  Readiness: readinessSchema,
  Health: healthSchema,
  Problem: problemSchema,
  ErrorCode: errorCodeSchema,
};
export type SchemaName = keyof typeof SCHEMAS;

const uriOf = (name: string): string => `#/components/schemas/${name}`;

export function refTo(name: SchemaName): Reference & JsonSchema {
  return { $ref: uriOf(name) };
}

/**
 * What callers send, and what they may rely on: `input`, so that answers are open for fields to come, and defaults may
 * be left out.
 */
const OPTIONS = {
  io: 'input',
  unrepresentable: ({ zodSchema }) => (zodSchema instanceof z.ZodUndefined ? { not: {} } : 'throw'),
  override({ jsonSchema }) {
    // Says what JavaScript can count, and nothing about our numbers.
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    // Five hundred characters that repeat what `format` says.
    if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  },
} as const satisfies Parameters<typeof z.toJSONSchema>[1];

/** `components.schemas`: those that are part of another one are named there by reference. */
export function buildSchemas(): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { ...OPTIONS, uri: uriOf });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]));
}

/** A parameter for each field of the query of `GET /api/jobs`. */
export function buildJobQueryParameters(): Parameter[] {
  // JSON Schema leaves out a default that stands behind a conversion.
  const defaults: Readonly<Record<string, unknown>> = jobQuerySchema.parse({});
  return Object.entries(jobQuerySchema.shape).map(([name, fieldSchema]) => {
    const { $schema: _, description = '', ...schema } = z.toJSONSchema(fieldSchema, OPTIONS);
    return { name, in: 'query', required: false, description, schema: { ...schema, default: defaults[name] } };
  });
}
