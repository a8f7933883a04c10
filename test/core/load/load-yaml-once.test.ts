import { expect, test } from 'vitest';
import { loadYaml } from '../../../core/load/load-yaml.ts';
import { loadYamlOnce } from '../../../core/load/load-yaml-once.ts';
import { sourceFile } from '../../support/policy-set.ts';

test('a file is parsed once, and another of the same name by itself', () => {
  const [one, other] = [sourceFile('tests/a.yaml', 'a: 1\n'), sourceFile('tests/a.yaml', 'a: 2\n')];
  expect(loadYamlOnce(one)).toBe(loadYamlOnce(one));
  expect(loadYamlOnce(one).documents.map(({ value }) => value)).toEqual(
    loadYaml(one).documents.map(({ value }) => value),
  );
  expect(loadYamlOnce(other).documents[0]?.value).toEqual({ a: 2 });
});
