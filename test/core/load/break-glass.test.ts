import { expect, test } from 'vitest';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import { repoFiles } from '../../support/policy-set.ts';

type Doc = readonly [kind: string, name: string, spec: string];
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPkN0zXr5YQn0Yt3yMxS5qzX2oWmC4tq1oJr8nE2k5d';
const signature = '"-----BEGIN SSH SIGNATURE-----\\nU1NIU0lHAAAAAQ==\\n-----END SSH SIGNATURE-----\\n"';
const terms = '{maxDuration: PT30M, notify: [leads], reviewWithin: P1D}';

const base: Doc[] = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'payments', '{cluster: main, topics: [{prefix: payments.}]}'],
  ['Identity', 'alice', `{person: {oidc: [{issuer: https://idp, subject: a}], signingKeys: [{key: ${key}}]}}`],
  ['Identity', 'bob', '{person: {oidc: [{issuer: https://idp, subject: b}]}}'],
  ['Identity', 'ci', '{workload: {issuer: https://ci, claims: {repo: "1"}}}'],
  ['Group', 'leads', '{members: [bob]}'],
  ['Group', 'claimed', '{fromClaim: {issuer: https://idp, claim: groups, value: x}}'],
  ['ApproverRule', 'leads', '{require: {any: [{from: leads, count: 1}]}}'],
];
const policy = (rest: string): Doc => [
  'AccessPolicy',
  'ask',
  `{subjects: [{identity: alice}, {identity: bob}, {identity: ci}], streams: [payments], operations: [consume], ${rest}}`,
];
const asked = policy(`mode: onRequest, approval: leads, limits: {maxDuration: PT4H}, breakGlass: ${terms}`);
const emergency = (change: Record<string, string> = {}): Doc => {
  const fields = {
    uid: 'a'.repeat(32),
    subject: 'alice',
    policy: 'ask',
    streams: '[payments]',
    operations: '[consume]',
    window: '{duration: PT20M}',
    reason: 'INC-1',
    signedAt: '2026-11-24T09:30:00Z',
    signature,
    ...change,
  };
  const text = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return ['BreakGlass', 'now', `{${text.join(', ')}}`];
};
const rulesOf = (...docs: Doc[]): string[] =>
  loadPolicySet(repoFiles([...base, ...docs])).problems.map(({ rule, message }) => `${rule}: ${message}`);

test('a sound one is in the model, with the terms of its policy', () => {
  const { policySet, problems } = loadPolicySet(repoFiles([...base, asked, emergency()]));
  expect(problems).toEqual([]);
  expect(policySet?.breakGlass.get('now')).toMatchObject({ subject: 'alice', duration: 1_200_000 });
  expect(policySet?.policies.get('ask')?.breakGlass).toEqual({
    maxDuration: 1_800_000,
    notify: ['leads'],
    reviewWithin: 86_400_000,
  });
  expect(policySet?.grants.size).toBe(0);
});

test.each<[string, Doc[], string]>([
  [
    'a policy without it',
    [policy('mode: onRequest, approval: leads'), emergency()],
    "break-glass/policy: policy 'ask' has no breakGlass",
  ],
  [
    'longer than the terms',
    [asked, emergency({ window: '{duration: PT31M}' })],
    "break-glass/duration: PT31M is longer than policy 'ask' allows",
  ],
  [
    'an operation that is not offered',
    [asked, emergency({ operations: '[produce]' })],
    "break-glass/operations: policy 'ask' does not offer 'produce'",
  ],
  [
    'topics beyond the streams',
    [asked, emergency({ topics: '[{prefix: pay}]' })],
    "break-glass/topics: 'pay*' is more than what is offered",
  ],
  ['a workload', [asked, emergency({ subject: 'ci' })], "break-glass/requester: 'ci' is not a person"],
  [
    'somebody without a key',
    [asked, emergency({ subject: 'bob' })],
    "break-glass/signature: 'bob' has no signing key, so nobody can have signed this",
  ],
  [
    'a policy that is not there',
    [asked, emergency({ policy: 'other' })],
    "reference/dangling: there is no AccessPolicy 'other'",
  ],
  ['a signature of another form', [asked, emergency({ signature: '"x"' })], 'schema/pattern'],
  [
    'terms of a standing policy',
    [policy(`mode: standing, breakGlass: ${terms}`)],
    "policy/contradiction: 'breakGlass' means nothing in a standing policy",
  ],
  [
    'terms of a deny',
    [policy(`effect: deny, breakGlass: ${terms}`)],
    "policy/contradiction: 'breakGlass' means nothing in a policy that denies",
  ],
  [
    'nobody to be told',
    [policy(`mode: onRequest, approval: leads, breakGlass: {maxDuration: PT1H, reviewWithin: P1D, notify: []}`)],
    'schema/min-items',
  ],
  [
    'a group by claim is told',
    [policy(`mode: onRequest, approval: leads, breakGlass: {maxDuration: PT1H, reviewWithin: P1D, notify: [claimed]}`)],
    "reference/from-claim: members of group 'claimed' come from a token claim, so it cannot be told",
  ],
])('%s', (_name, docs, problem) => {
  const found = rulesOf(...docs);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(problem);
});

test('a uid is used once, by grants too', () => {
  const grant: Doc = [
    'Grant',
    'g',
    `{uid: ${'a'.repeat(32)}, requestedBy: alice, subject: alice, policy: ask, streams: [payments], operations: [consume], window: {duration: PT1H}, reason: x}`,
  ];
  expect(rulesOf(asked, grant, emergency())).toEqual([
    `break-glass/duplicate-uid: uid ${'a'.repeat(32)} is that of Grant 'g'; a uid is admitted once`,
  ]);
});
