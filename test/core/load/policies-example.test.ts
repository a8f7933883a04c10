import { expect, test } from 'vitest';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import { readFolder } from '../../../core/source/folder.ts';

test('the example repo has no problem, warnings included', async () => {
  const { policySet, problems } = loadPolicySet(await readFolder('policies-example'));
  expect(problems).toEqual([]);
  expect(policySet?.clusters.size).toBe(2);
  expect(policySet?.streams.size).toBe(6);
  expect(policySet?.streams.get('payments')?.classification).toBe('confidential');
});
