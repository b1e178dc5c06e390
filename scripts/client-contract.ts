import { readFile, writeFile } from 'node:fs/promises';
import { ERROR_TABLE, jobQuerySchema, testCallbackBodySchema } from '@tapedeck/contracts';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { buildSchemas } from '../apps/api/src/docs/schemas.ts';
import { buildType, describe, type TypeSchema } from './schema-to-type.ts';

/** Written by `npm run client-types`; a test holds it equal to the schemas. */
export const CONTRACT_PATH = 'packages/client/src/contract.ts';

const HEAD = `/* eslint-disable max-lines -- as long as the contract is */
// Written by \`npm run client-types\` from the schemas of packages/contracts: change those.
//
// Not imported from there: whoever installs the client gets types that stand by themselves, and no zod.
`;

/** By the names that they have in the API's own document. What the client neither sends nor gets is left out. */
const NAMES = [
  'TapeRequest',
  'HlsRequest',
  'Accepted',
  'BatchAnswer',
  'Job',
  'JobList',
  'TapeOutput',
  'HlsOutput',
  'RenditionOutput',
  'Problem',
];

/** The source of the client's types, formatted. */
export async function buildClientContract(): Promise<string> {
  const documented = buildSchemas();
  const schemas: [string, TypeSchema][] = [
    ...NAMES.map((name): [string, TypeSchema] => [name, documented[name]!]),
    ['Callback', documented['Callback']!],
    ['TestCallback', z.toJSONSchema(testCallbackBodySchema, { io: 'input' })],
    ['JobFilter', z.toJSONSchema(jobQuerySchema, { io: 'input', override: nameErrorCode })],
  ];
  const types = schemas.map(([name, schema]) => `${describe(schema)}export type ${name} = ${buildType(schema)};`);
  const source = [HEAD, ...types, buildErrorCodes()].join('\n\n');
  return format(source, { ...(await resolveConfig(CONTRACT_PATH)), parser: 'typescript' });
}

/** Seventy codes once, and a name everywhere else. */
const nameErrorCode: z.core.ToJSONSchemaParams['override'] = ({ jsonSchema }) => {
  if (!jsonSchema.enum?.includes('REQUEST_INVALID')) return;
  delete jsonSchema.enum;
  jsonSchema.$ref = '#/components/schemas/ErrorCode';
};

function buildErrorCodes(): string {
  const rows = Object.entries(ERROR_TABLE);
  const known = rows.map(([code, { summary }]) => `/** ${summary}. */ | '${code}'`);
  const lasting = rows.filter(([, { httpStatus, retryable }]) => httpStatus >= 500 && !retryable);
  return `
/** What docs/errors.md lists. */
export type KnownErrorCode = ${known.join('\n')};

/** A newer Tapedeck may know more. */
export type ErrorCode = KnownErrorCode | (string & {});

/** What trying again does not change, although its status is one of those that pass. */
export const LASTING_FAULTS: ReadonlySet<string> = new Set<KnownErrorCode>([${lasting.map(([code]) => `'${code}'`).join(', ')}]);
`;
}

if (import.meta.main) {
  const source = await buildClientContract();
  const before = await readFile(CONTRACT_PATH, 'utf8').catch(() => '');
  if (source !== before) await writeFile(CONTRACT_PATH, source);
  console.log(`${CONTRACT_PATH}: ${source === before ? 'as it was' : 'written'}`);
}
