import { describe, expect, test } from 'vitest';
import { loadDocumentAs } from '../../../core/load/load-document.ts';
import { nearest } from '../../../core/load/nearest.ts';
import { isSigningKey } from '../../../core/load/signing-key.ts';
import { validateClusterDocument } from '../../../core/schema/cluster.ts';
import { sourceFile } from '../../support/policy-set.ts';

const sound = 'apiVersion: sluice.dev/v1\nkind: Cluster\nmetadata: {name: main}\nspec: {type: kafka}\n';

describe('loadDocumentAs', () => {
  const load = (text: string) => loadDocumentAs(validateClusterDocument, sourceFile('x.yaml', text));

  test('gives the value, and the document for positions', () => {
    const { value, document, problems } = load(sound);
    expect(problems).toEqual([]);
    expect(value?.spec.type).toBe('kafka');
    expect(document?.locate(['spec', 'type'])).toEqual({
      file: 'x.yaml',
      line: 4,
      column: 14,
      end: { line: 4, column: 19 },
    });
    expect(document?.locateKey(['spec', 'type'])).toMatchObject({ line: 4, column: 8 });
    expect(document?.locate(['spec', 'gone', 'deeper'])).toMatchObject({ line: 4, column: 7 });
  });

  test('positions go through aliases', () => {
    const { document } = load('a: &x\n  b: [1, 2]\nc: *x\n');
    expect(document?.locate(['c', 'b', 1])).toMatchObject({ line: 2, column: 10 });
  });

  test.each([
    ['nothing', '# empty\n', 'yaml/one-document', 1, 1],
    ['two documents', `${sound}---\n${sound}`, 'yaml/one-document', 6, 1],
    ['a schema problem', sound.replace('kafka', 'rabbit'), 'schema/enum', 4, 14],
    ['broken YAML', 'a: "b\n', 'yaml/syntax', 2, 1],
  ])('%s', (_name, text, rule, line, column) => {
    const { value, problems } = load(text);
    expect(value).toBe(undefined);
    expect(problems[0]).toMatchObject({ rule, at: { line, column } });
  });
});

test.each([
  ['paymnets', ['payments', 'orders'], 'payments'],
  ['Payments', ['payments'], 'payments'],
  ['x', ['payments'], undefined],
  ['ab', ['ba', 'ac'], 'ac'],
  ['', ['a'], 'a'],
])('nearest(%s)', (word, candidates, expected) => expect(nearest(word, candidates)).toBe(expected));

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPkN0zXr5YQn0Yt3yMxS5qzX2oWmC4tq1oJr8nE2k5d';
test.each([
  ['type and base64', key, true],
  ['a comment', `${key} alice@laptop`, false],
  ['a line break at the end', `${key}\n`, false],
  ['two lines', `${key}\n* ${key}`, false],
  ['two spaces', key.replace(' ', '  '), false],
  ['an option', `cert-authority ${key}`, false],
  ['an unknown type', key.replace('ssh-ed25519', 'ssh-dss'), false],
  ['a type that the blob is not of', key.replace('ssh-ed25519', 'ssh-rsa'), false],
  ['cut base64', key.slice(0, 20), false],
  ['nothing', '', false],
])('isSigningKey: %s', (_name, text, expected) => expect(isSigningKey(text)).toBe(expected));
