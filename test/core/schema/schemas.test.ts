import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { generateSchemas } from '../../../scripts/generate-schema.ts';

const folder = new URL('../../../schemas/v1/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.schema.json'));

/** Written by the gateway's side: their examples are whole files and recordings elsewhere. */
const withoutExamples = ['gateway-config.schema.json', 'audit-event.schema.json'];

type Node = Record<string, unknown>;

/** Every property of every object in a schema, with its path. */
function* fields(node: unknown, path: string): Generator<[string, Node]> {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node as Node)) {
    if (key === 'examples' || key === 'default' || key === 'const' || key === 'enum') continue;
    if (key === 'properties') {
      for (const [name, field] of Object.entries(value as Node)) yield [`${path}.${name}`, field as Node];
    }
    yield* fields(value, `${path}.${key}`);
  }
}

test('the committed types and validators are what the schemas give', async () => {
  expect(await generateSchemas(true)).toEqual([]);
}, 30_000);

describe.each(files.filter((file) => !withoutExamples.includes(file)))('%s', (file) => {
  const schema = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  const defs: Node = schema.$defs ?? {};

  test('every field has a description and an example', () => {
    const bare = [...fields(schema, '')]
      .map(([path, field]) => [path, defs[String(field['$ref']).replace('#/$defs/', '')] ?? field] as const)
      .filter(([, field]) => !(field as Node)['description'] || !Array.isArray((field as Node)['examples']))
      .map(([path]) => path);
    expect(bare).toEqual([]);
  });

  test('every object is closed', () => {
    const open = [...fields({ properties: { top: schema } }, '')]
      .filter(([, field]) => field['properties'] && field['additionalProperties'] !== false)
      .map(([path]) => path);
    expect(open).toEqual([]);
  });

  test('its own examples are valid', async () => {
    const made = await import(
      /* @vite-ignore */ new URL(`../../../core/schema/${file.replace('.schema.json', '.ts')}`, import.meta.url).href
    );
    const validate = made[`validate${schema.title}`];
    expect(schema.examples.length).toBeGreaterThan(0);
    for (const example of schema.examples) {
      validate(example);
      expect(validate.errors).toBe(null);
    }
  });
});
