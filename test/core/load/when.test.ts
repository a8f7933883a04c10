import { expect, test } from 'vitest';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import { repoFiles, sourceFile } from '../../support/policy-set.ts';

const base = repoFiles([
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}]}'],
  ['Identity', 'alice', '{person: {oidc: [{issuer: https://idp, subject: a}]}}'],
]);
const load = (when: string) =>
  loadPolicySet([
    ...base,
    sourceFile(
      'policies/p.yaml',
      `apiVersion: sluice.dev/v1
kind: AccessPolicy
metadata: {name: p}
spec:
  mode: standing
  subjects: [{identity: alice}]
  streams: [orders]
  operations: [consume]
  when: ${when}
`,
    ),
  ]);

test.each([
  ['plain', 'claims.mfa == true && principal.nam != "x"', 9, 41],
  ['in single quotes', `'claims.mfa == true && principal.nam != "x"'`, 9, 42],
  ['folded', '>-\n    claims.mfa == true &&\n    principal.nam != "x"', 11, 15],
  ['literal', '|\n    claims.mfa == true &&\n    principal.nam != "x"', 11, 15],
  ['with escapes: the whole text', '"claims.mfa == true && principal.nam != \\"x\\""', 9, 9],
])('a mistake is told where it stands: %s', (_how, when, line, column) => {
  expect(load(when).problems).toEqual([
    {
      rule: 'policy/when',
      severity: 'error',
      message: 'no such key: nam',
      fix: 'there are principal (name, kind, groups, labels), claims and source.address',
      at: expect.objectContaining({ file: 'policies/p.yaml', line, column }),
    },
  ]);
});

test('a sound condition is in the model', () => {
  const { policySet, problems } = load('claims.mfa == true && inCidr(source.address, "10.0.0.0/8")');
  expect(problems).toEqual([]);
  expect(policySet?.policies.get('p')?.when).toEqual({
    text: 'claims.mfa == true && inCidr(source.address, "10.0.0.0/8")',
    claims: ['mfa'],
    readsSource: true,
    readsPrincipal: false,
  });
});
