import { existsSync, readFileSync } from 'node:fs';
import { stringify } from 'yaml';

interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** One page: for every schema its meaning, an example, and a table of all its fields. */
export function documentSchemas(title: string, intro: string, names: readonly string[]): string {
  const sections = names.flatMap((name) => {
    const file = new URL(`../schemas/v1/${name}.schema.json`, import.meta.url);
    return existsSync(file) ? [section(JSON.parse(readFileSync(file, 'utf8')) as Schema, name)] : [];
  });
  return `# ${title}\n\n<!-- Generated from schemas/v1 by scripts/generate-docs.ts. -->\n\n${intro}\n\n${sections.join('\n')}`;
}

function section(root: Schema, name: string): string {
  const kind = String(root.properties?.['kind']?.const ?? root.title ?? name);
  const rows = [...fields(root, root, '')].map((cells) => `| ${cells.join(' | ')} |`);
  const example = root.examples?.[0];
  return [
    `## ${kind}`,
    '',
    root.description ?? '',
    '',
    ...(example === undefined ? [] : ['```yaml', stringify(example, { lineWidth: 100 }).trimEnd(), '```', '']),
    '| field | type | default | meaning | example |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    `Schema: [\`${name}.schema.json\`](../../schemas/v1/${name}.schema.json)`,
    '',
  ].join('\n');
}

type Row = readonly [path: string, type: string, standard: string, meaning: string, example: string];

/** Rows of every field below a schema, in the order of the schema, lists and maps gone into. */
function* fields(root: Schema, given: Schema, path: string): Generator<Row> {
  const schema = resolve(root, given);
  for (const [name, raw] of Object.entries(schema.properties ?? {})) {
    const field = resolve(root, raw);
    const at = path === '' ? name : `${path}.${name}`;
    const must = schema.required?.includes(name) ? 'required' : '';
    const standard = field.default === undefined ? must : code(field.default);
    const example = field.examples?.[0];
    yield [
      `\`${at}\``,
      cell(typeName(root, field)),
      standard,
      cell(raw.description ?? field.description ?? ''),
      example === undefined || field.properties ? '' : code(example),
    ];
    yield* inside(root, field, at);
  }
}

function* inside(root: Schema, field: Schema, at: string): Generator<Row> {
  yield* fields(root, field, at);
  if (field.items) yield* inside(root, resolve(root, field.items), `${at}[]`);
  for (const branch of [...(field.oneOf ?? []), ...(field.anyOf ?? [])]) {
    const one = resolve(root, branch);
    if (one.properties) yield* fields(root, one, at);
  }
}

function resolve(root: Schema, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const found = root.$defs?.[schema.$ref.replace('#/$defs/', '')] ?? {};
  return { ...resolve(root, found), ...(schema.description ? { description: schema.description } : {}) };
}

function typeName(root: Schema, schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(' \\| ');
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return [...new Set(choices.map((one) => typeName(root, resolve(root, one))))].join(' or ');
  if (schema.type === 'array')
    return `list of ${schema.items ? typeName(root, resolve(root, schema.items)) : 'anything'}`;
  if (schema.type === 'object' && !schema.properties) return 'map';
  if (schema.minProperties === 1 && schema.maxProperties === 1) return 'object with one of its fields';
  const words: Record<string, string> = { string: 'text', integer: 'whole number', boolean: 'true or false' };
  return [schema.type ?? 'anything']
    .flat()
    .map((type) => words[type] ?? type)
    .join(' or ');
}

function cell(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll(/(?<!\\)\|/g, '\\|');
}

function code(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `\`${cell(text)}\``;
}
