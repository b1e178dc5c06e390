/** The part of JSON Schema that our schemas use; what a type cannot say (lengths, patterns) is not read. */
export interface TypeSchema {
  readonly $ref?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly TypeSchema[];
  readonly not?: object;
  readonly properties?: Readonly<Record<string, TypeSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly prefixItems?: readonly TypeSchema[];
}

/**
 * A TypeScript type of a JSON Schema (2020-12, as zod writes it).
 * @throws Error for what it has no type for: better no file than one with `unknown` in it
 */
export function buildType(schema: TypeSchema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1)!;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.properties) return buildObject(schema, schema.properties);
  if (schema.anyOf) return [...new Set(schema.anyOf.map(buildType))].join(' | ');
  return buildPlain(schema);
}

function buildPlain(schema: TypeSchema): string {
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      if (schema.prefixItems) return `[${schema.prefixItems.map(buildType).join(', ')}]`;
      if (typeof schema.items === 'object' && schema.items !== null) return `(${buildType(schema.items)})[]`;
      break;
    case 'object':
      if (schema.additionalProperties) return 'Record<string, unknown>';
      break;
    case undefined:
  }
  throw new Error(`no type for ${JSON.stringify(schema)}`);
}

/** An `anyOf` beside properties says which of them must be there. */
function buildObject({ required = [], anyOf }: TypeSchema, properties: Readonly<Record<string, TypeSchema>>): string {
  // One that is refused whatever it is (`not: {}`) is none.
  const allowed = Object.entries(properties).filter(([, property]) => !property.not);
  const fields = allowed.map(([name, property]) => {
    const type = buildType(property);
    return `${describe(property)}${required.includes(name) ? `${name}: ${type}` : `${name}?: ${type} | undefined`};`;
  });
  const object = `{\n${fields.join('\n')}\n}`;
  if (!anyOf) return object;
  const choices = anyOf.map(({ required: names = [] }) => {
    return `{ ${names.map((name) => `${name}: ${buildType(properties[name]!)}`).join('; ')} }`;
  });
  return `${object} & (${choices.join(' | ')})`;
}

/** Its description and default, as a comment above it. */
export function describe({ description, default: fallback }: TypeSchema): string {
  const saysDefault = fallback !== undefined && typeof fallback !== 'object';
  const words = [description, saysDefault && `@default ${JSON.stringify(fallback)}`].filter(Boolean);
  return words.length === 0 ? '' : `/** ${words.join(' ')} */\n`;
}
