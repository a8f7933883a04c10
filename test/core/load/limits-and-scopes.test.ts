/** Limits above what they stand below, fields that say nothing, and names that could be meant in two ways. */
import { expect, test } from 'vitest';
import { formatLocation, type Location } from '../../../core/errors/problem.ts';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import { repoFiles, sourceFile } from '../../support/policy-set.ts';

type Doc = readonly [kind: string, name: string, spec: string];
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPkN0zXr5YQn0Yt3yMxS5qzX2oWmC4tq1oJr8nE2k5d';
const signature = '"-----BEGIN SSH SIGNATURE-----\\nU1NIU0lHAAAAAQ==\\n-----END SSH SIGNATURE-----\\n"';
const hex = (digit: string): string => digit.repeat(32);

const base: Doc[] = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'payments', '{cluster: main, topics: [{prefix: payments.}]}'],
  ['Stream', 'orders', '{cluster: main, topics: [{literal: orders}]}'],
  ['Identity', 'alice', `{person: {oidc: [{issuer: https://idp, subject: a}], signingKeys: [{key: ${key}}]}}`],
  ['Identity', 'ci', '{workload: {issuer: https://ci, claims: {repo: "1"}}}'],
  ['Group', 'leads', '{members: [alice, ci]}'],
  ['ApproverRule', 'leads', '{require: {any: [{from: leads, count: 1}]}}'],
];
const policy = (operations: string, rest = ''): Doc => [
  'AccessPolicy',
  'ask',
  `{mode: onRequest, approval: leads, subjects: [{identity: alice}], streams: [orders, payments], operations: ${operations}${rest}}`,
];
const terms = (most: string): string => `, breakGlass: {maxDuration: ${most}, notify: [leads], reviewWithin: P1D}`;
const asked = policy('[consume, produce]', `, limits: {maxDuration: PT4H}${terms('PT4H')}`);
const grant = (name: string, uid: string, rest = ''): Doc => [
  'Grant',
  name,
  `{uid: ${uid}, requestedBy: alice, subject: alice, policy: ask, streams: [orders, payments], operations: [consume], window: {duration: PT1H}, reason: x${rest}}`,
];
const emergency = (name: string, uid: string, rest = ''): Doc => [
  'BreakGlass',
  name,
  `{uid: ${uid}, subject: alice, policy: ask, streams: [orders, payments], operations: [consume], window: {duration: PT1H}, reason: x, signedAt: '2026-11-24T09:30:00Z', signature: ${signature}${rest}}`,
];

/** `severity rule file: marked text` of every problem. */
function problemsOf(...docs: Doc[]): string[] {
  const replaced = base.filter(([kind, name]) => !docs.some((doc) => doc[0] === kind && doc[1] === name));
  const files = repoFiles([...replaced, ...docs]);
  const lineOf = ({ file, line }: Location): string =>
    new TextDecoder().decode(files.find(({ path }) => path === file)?.bytes).split('\n')[line - 1] ?? '';
  return loadPolicySet(files).problems.map(
    ({ severity, rule, at }) =>
      `${severity} ${rule} ${at.file}: ${lineOf(at).slice(at.column - 1, (at.end?.column ?? 0) - 1)}`,
  );
}

test.each<[string, string[], Doc[]]>([
  ['an emergency as long as a grant may be', [], [asked]],
  [
    'an emergency that is longer than any grant',
    ['error policy/break-glass-duration policies/ask.yaml: PT4H1S'],
    [policy('[consume]', `, limits: {maxDuration: PT4H}${terms('PT4H1S')}`)],
  ],
  ['an emergency where grants have no longest time', [], [policy('[consume]', terms('P2D'))]],
  ['groups with an operation on groups', [], [policy('[produce, offsets]', ', groups: [{prefix: x-}]')]],
  [
    'groups of a policy that only writes',
    ['warning policy/idle-pattern policies/ask.yaml: [{prefix: x-}]'],
    [policy('[produce]', ', groups: [{prefix: x-}]')],
  ],
  [
    'groups with no operation at all, which is its own problem',
    ['error schema/min-items policies/ask.yaml: []'],
    [policy('[]', ', groups: [{prefix: x-}]')],
  ],
  [
    'transactional ids of a policy that only reads',
    ['warning policy/idle-pattern policies/ask.yaml: [{prefix: x-}]'],
    [policy('[consume, alter]', ', transactionalIds: [{prefix: x-}]')],
  ],
  [
    'groups of a deny of writes',
    ['warning policy/idle-pattern policies/ask.yaml: [{prefix: x}]'],
    [
      [
        'AccessPolicy',
        'ask',
        '{effect: deny, subjects: [{identity: alice}], streams: [orders], operations: [produce], groups: [{prefix: x}]}',
      ],
    ],
  ],
  [
    'a grant of topics of each of its streams',
    [],
    [asked, grant('g', hex('a'), ', topics: [{literal: orders}, {literal: payments.x}]')],
  ],
  [
    'a grant with a stream that none of its topics is of',
    ['warning grant/idle-stream grants/g.yaml: orders'],
    [asked, grant('g', hex('a'), ', topics: [{literal: payments.x}]')],
  ],
  [
    'a grant of reading that narrows transactional ids',
    ['warning grant/idle-pattern grants/g.yaml: [{prefix: alice.}]'],
    [asked, grant('g', hex('a'), ', transactionalIds: [{prefix: alice.}]')],
  ],
  [
    'an emergency with a stream that none of its topics is of',
    ['warning grant/idle-stream breakglass/b.yaml: orders'],
    [asked, emergency('b', hex('b'), ', topics: [{prefix: payments.a}]')],
  ],
  [
    'a grant that has the form of a uid for a name',
    [`error reference/ambiguous grants/${hex('c')}.yaml: ${hex('c')}`],
    [asked, grant(hex('c'), hex('a'))],
  ],
  ['a grant whose name is its uid', [], [asked, grant(hex('c'), hex('c'))]],
  [
    'an emergency with the name of a grant',
    ['error reference/ambiguous breakglass/g.yaml: g'],
    [asked, grant('g', hex('a')), emergency('g', hex('b'))],
  ],
  ['a revocation of an emergency', [], [asked, emergency('b', hex('b')), ['Revocation', 'r', '{grant: b, reason: x}']]],
  [
    'a revocation of nothing',
    ['warning reference/dangling revocations/r.yaml: c'],
    [asked, emergency('b', hex('b')), ['Revocation', 'r', '{grant: c, reason: x}']],
  ],
  [
    'a rule that counts on a machine to approve',
    ['warning policy/unmeetable approver-rules/leads.yaml: 2'],
    [['ApproverRule', 'leads', '{require: {any: [{from: leads, count: 2}]}}']],
  ],
])('%s', (_name, expected, docs) => {
  expect(problemsOf(...docs)).toEqual(expected);
});

test.each([
  [1, []],
  [2, ['policy/unmeetable sluice.yaml:4:16: 2 owners have to sign, and the repo knows 1 person']],
])('a quorum of %d where there is one person', (quorum, expected) => {
  const [, ...rest] = repoFiles(base);
  const repo = `apiVersion: sluice.dev/v1\nkind: Repo\nmetadata: {name: test}\nspec: {quorum: ${quorum}}\n`;
  const { problems, policySet } = loadPolicySet([sourceFile('sluice.yaml', repo), ...rest]);
  expect(problems.map(({ rule, at, message }) => `${rule} ${formatLocation(at)}: ${message.split(':')[0]}`)).toEqual(
    expected,
  );
  expect(policySet).toBeDefined();
});
