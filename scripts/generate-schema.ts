/**
 * schemas/v1/NAME.schema.json -> core/schema/NAME.ts: its TypeScript type and its compiled Ajv validator.
 * `--check` writes nothing and ends with 1 when a committed file is not what would be written.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import addFormats from 'ajv-formats';
import { compile, type JSONSchema } from 'json-schema-to-typescript';

const schemas = new URL('../schemas/v1/', import.meta.url);
const out = new URL('../core/schema/', import.meta.url);

/** The TypeScript file of one schema file, named as in schemas/v1. */
export async function generateSchema(file: string): Promise<string> {
  const text = readFileSync(new URL(file, schemas), 'utf8');
  const schema = JSON.parse(text);
  const types = await compile(JSON.parse(text) as JSONSchema, schema.title, {
    bannerComment: '',
    additionalProperties: false,
    format: false,
    ignoreMinAndMaxItems: true,
  });
  // `verbose` puts the schema beside each error: from it come the known keys and the examples of a problem's text.
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    verbose: true,
    code: { source: true, esm: true },
  });
  addFormats.default(ajv);
  const made = standalone.default(ajv, ajv.compile(schema));
  const main = /export const validate = (\w+);/.exec(made)?.[1];
  const code = made
    .replace('"use strict";', '')
    .replace(/export const validate = (\w+);export default \w+;/, '')
    // ajv writes require() even for esm
    .replace(/const (\w+) = require\("([^"]+)"\)([.\w[\]"-]*);/g, 'import $1_ from "$2.js"; const $1 = $1_$3;');
  return [
    '// @ts-nocheck',
    `// Generated from schemas/v1/${file}: change that, then 'npm run generate'.`,
    "import type { ErrorObject } from 'ajv';",
    types,
    code,
    `export const validate${schema.title} = ${main} as ((data: unknown) => data is ${schema.title}) & { errors?: ErrorObject[] | null };`,
    '',
  ].join('\n');
}

/** Writes every file of core/schema, or only compares; returns the names that were not as they should be. */
export async function generateSchemas(check: boolean): Promise<string[]> {
  const stale: string[] = [];
  mkdirSync(out, { recursive: true });
  const files = readdirSync(schemas).filter((file) => file.endsWith('.schema.json'));
  const wanted = new Set<string>();
  for (const file of files) {
    const name = file.replace('.schema.json', '.ts');
    wanted.add(name);
    const target = new URL(name, out);
    const text = await generateSchema(file);
    if (existsSync(target) && readFileSync(target, 'utf8') === text) continue;
    stale.push(`core/schema/${name}`);
    if (!check) writeFileSync(target, text);
  }
  for (const name of readdirSync(out).filter((name) => name.endsWith('.ts') && !wanted.has(name))) {
    stale.push(`core/schema/${name}`);
    if (!check) rmSync(new URL(name, out));
  }
  return stale;
}

if (import.meta.main) {
  const check = process.argv.includes('--check');
  const stale = await generateSchemas(check);
  for (const file of stale) process.stderr.write(`${check ? 'stale' : 'written'}: ${file}\n`);
  if (check && stale.length > 0) process.exitCode = 1;
}
