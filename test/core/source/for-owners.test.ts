import { expect, test } from 'vitest';
import { isForOwners, isPlaneFile } from '../../../core/source/policy-tree.ts';

test.each([
  ['policies/a.yaml', undefined, true],
  ['policies/a.yaml', 'old', true],
  ['README.md', undefined, true],
  ['grants/README.md', undefined, true],
  ['breakglass/x.txt', undefined, true],
  ['grants/2026-11/a.yaml', undefined, false],
  ['grants/2026-11/a.yaml', 'old', false],
  ['breakglass/a.yaml', undefined, false],
  ['breakglass/a.yaml', 'old', false],
  ['revocations/a.yaml', undefined, false],
  ['revocations/a.yaml', 'old', true],
  ['Breakglass/a.yaml', undefined, true],
])('a change of %s (before: %s) is for the owners: %s', (path, before, expected) => {
  expect(isForOwners({ path, before })).toBe(expected);
});

test('no file that rules are read from changes without the owners', () => {
  for (const path of [
    'policies/a.yaml',
    'sluice.yaml',
    'tests/a.yaml',
    'breakglass.yaml',
    'xgrants/a.yaml',
    'a/grants/b.yaml',
  ]) {
    expect([path, isPlaneFile(path), isForOwners({ path, before: undefined })]).toEqual([path, true, true]);
  }
});
