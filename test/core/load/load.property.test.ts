import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import { loadPolicyTests } from '../../../core/load/load-policy-tests.ts';
import { runTest } from '../../../core/policy-test/run-test.ts';
import { readFolder } from '../../../core/source/folder.ts';
import { sourceFile } from '../../support/policy-set.ts';

const files = await readFolder('policies-example');
const texts = files.map(({ path, bytes }) => ({ path, text: new TextDecoder().decode(bytes) }));

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Puts `value` somewhere into the tree, or takes something out; `picks` chooses the way. */
function mutate(tree: Json, picks: readonly number[], value: Json | undefined): Json {
  const [pick = 0, ...rest] = picks;
  if (typeof tree !== 'object' || tree === null || picks.length === 0) return value ?? null;
  const keys = Object.keys(tree);
  const key = keys[pick % Math.max(1, keys.length)] ?? 'new';
  const copy = structuredClone(tree) as Record<string, Json>;
  if (rest.length === 0 && value === undefined) delete copy[key];
  else copy[key] = mutate(copy[key] ?? null, rest, value);
  return Array.isArray(copy) ? copy.filter((one) => one !== undefined) : copy;
}

const value = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom<Json>(null, '', 'x', 'alice', 'payments', -1, 1e300, true, [], {}, [[]], [{}], { literal: 'a' }, [
    'x',
    'x',
  ]),
  fc.constantFrom<Json>(
    '__proto__',
    'constructor',
    'PT0S',
    'P99999999999D',
    '2026-13-45T99:99:99Z',
    '25:00',
    '\u202e',
    '*',
  ),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);

/** What holds whatever the files say: no throw, places that exist, and a PolicySet exactly when nothing is an error. */
function check(changed: string, text: string): void {
  const set = texts.map((one) => sourceFile(one.path, one.path === changed ? text : one.text));
  const { policySet, problems } = loadPolicySet(set);
  expect(policySet === undefined).toBe(problems.some((problem) => problem.severity === 'error'));
  const tested = loadPolicyTests(set, policySet);
  if (policySet) for (const one of tested.tests) runTest(policySet, one);
  for (const { at, message } of [...problems, ...tested.problems]) {
    expect(message).not.toContain('undefined');
    expect(at.line).toBeGreaterThan(0);
    expect(at.column).toBeGreaterThan(0);
    const lines = at.file === changed ? text.split('\n').length : 10_000;
    expect(at.line).toBeLessThanOrEqual(lines);
  }
}

test('a document with anything in it is loaded or refused, never thrown over', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }),
      fc.nat(9),
      value,
      ({ path, text }, picks, which, put) => {
        const documents = parseAllDocuments(text).map((document) => document.toJS() as Json);
        const i = which % documents.length;
        documents[i] = mutate(documents[i] ?? null, picks, put);
        check(path, documents.map((document) => stringify(document)).join('---\n'));
      },
    ),
    { numRuns: 600 },
  );
}, 60_000);

test('so is a file with characters lost or put in', () => {
  const scrap = fc.constantFrom(
    '',
    ' ',
    '\n',
    '\t',
    ':',
    '- ',
    '{',
    '}',
    '[',
    '&a ',
    '*a ',
    '"',
    "'",
    '|',
    '>',
    '#',
    '---\n',
    '? ',
    '!x ',
    '\u0000',
    '%',
  );
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat(3), scrap, ({ path, text }, where, cut, put) => {
      const at = where % text.length;
      check(path, text.slice(0, at) + put + text.slice(at + cut));
    }),
    { numRuns: 400 },
  );
}, 60_000);
