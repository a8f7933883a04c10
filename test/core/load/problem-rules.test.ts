/** The page of problem rules names every id that the code can tell, and none besides. */
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { problemRules } from '../../../core/load/problem-rules.ts';

const folders = [
  'core/load',
  'core/source',
  'core/policy/fits.ts',
  'cli/actions/asked-in-change.ts',
  'cli/actions/plan-change.ts',
  'cli/actions/report-change.ts',
];
const kinds = [
  ...['repo', 'cluster', 'stream', 'identity', 'group', 'access-policy', 'approver-rule', 'mask-policy'],
  ...['grant', 'break-glass', 'revocation', 'policy-test'],
];
/** Keywords that say nothing about a value by themselves, or whose problem has a rule of another name. */
const silent = ['properties', 'items', 'additionalProperties', 'oneOf'];

/** Ids in the code: written out, made from a grant's, or from a keyword that the schemas of the kinds use. */
function toldIds(): Set<string> {
  const files = folders.flatMap((one) => (one.endsWith('.ts') ? [one] : globSync(`${one}/*.ts`)));
  const ids = new Set<string>();
  for (const file of files.filter((one) => !one.endsWith('problem-rules.ts'))) {
    const text = readFileSync(file, 'utf8');
    for (const [, id] of text.matchAll(/'((?:yaml|schema|reference|policy|grant|break-glass|plan)\/[a-z0-9-]+)'/g)) {
      ids.add(id!);
    }
  }
  ids.add('schema/unknown-key'); // additionalProperties
  for (const field of ['topics', 'groups', 'transactional-ids']) ids.add(`grant/${field}`);
  for (const kind of kinds) keywords(JSON.parse(readFileSync(`schemas/v1/${kind}.schema.json`, 'utf8')), ids);
  for (const [id] of Object.entries(problemRules)) {
    const same = id.replace(/^break-glass/, 'grant');
    if (id.startsWith('break-glass/') && ids.has(same)) ids.add(id);
  }
  return ids;
}

const known = new Set([
  ...['type', 'enum', 'const', 'pattern', 'required', 'propertyNames', 'anyOf', 'uniqueItems', 'minimum', 'maximum'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'],
]);

function keywords(schema: unknown, into: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  if (Array.isArray(schema)) {
    for (const one of schema) keywords(one, into);
    return;
  }
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'examples') continue;
    if (key === 'properties' || key === '$defs') for (const one of Object.values(value)) keywords(one, into);
    else keywords(value, into);
    if (known.has(key)) into.add(`schema/${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
    else expect([...silent, '$defs', '$id', '$ref', '$schema', 'default', 'description', 'title']).toContain(key);
  }
}

test('every id is on the page, and every id on the page is told', () => {
  expect(Object.keys(problemRules).sort()).toEqual([...toldIds()].sort());
});

test('each says what it finds in one or two sentences', () => {
  for (const summary of Object.values(problemRules)) expect(summary).toMatch(/^[A-Z].*\.$/);
});
