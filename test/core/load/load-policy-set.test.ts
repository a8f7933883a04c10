import { describe, expect, test } from 'vitest';
import { formatLocation } from '../../../core/errors/problem.ts';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import type { SourceFile } from '../../../core/load/source-file.ts';
import { repoFiles, sourceFile } from '../../support/policy-set.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPkN0zXr5YQn0Yt3yMxS5qzX2oWmC4tq1oJr8nE2k5d';
const uid = '7c9e6679f2b84d3f9a1be0c5d4a8f613';

type Doc = readonly [kind: string, name: string, spec: string];

const base: Doc[] = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'payments', '{cluster: main, topics: [{prefix: payments.}]}'],
  ['Identity', 'alice', '{person: {oidc: [{issuer: https://idp, subject: a}]}}'],
  ['Identity', 'bob', '{person: {oidc: [{issuer: https://idp, subject: b}]}}'],
  ['Group', 'leads', '{members: [alice, bob]}'],
  ['Group', 'claimed', '{fromClaim: {issuer: https://idp, claim: groups, value: x}}'],
  ['ApproverRule', 'leads', '{require: {all: [{from: leads, count: 1}]}}'],
  [
    'AccessPolicy',
    'ask',
    '{mode: onRequest, subjects: [{group: leads}], streams: [payments], operations: [consume], limits: {maxDuration: PT4H}, approval: leads}',
  ],
];
const policy = (rest: string): Doc => [
  'AccessPolicy',
  'p',
  `{subjects: [{identity: alice}], streams: [payments], operations: [consume], ${rest}}`,
];
const grant = (change: Record<string, string> = {}): Doc => {
  const fields: Record<string, string> = {
    uid,
    requestedBy: 'alice',
    subject: 'alice',
    policy: 'ask',
    streams: '[payments]',
    operations: '[consume]',
    window: '{duration: PT2H}',
    reason: 'INC-1',
    ...change,
  };
  const spec = Object.entries(fields).map(([field, value]) => `${field}: ${value}`);
  return ['Grant', 'g1', `{${spec.join(', ')}}`];
};

/** `rule at file:line:column` of every problem. */
function problemsOf(files: readonly SourceFile[]): string[] {
  return loadPolicySet(files).problems.map((problem) => `${problem.rule} ${formatLocation(problem.at)}`);
}
const withDocs = (...docs: Doc[]): SourceFile[] => {
  const replaced = base.filter(([kind, name]) => !docs.some((doc) => doc[0] === kind && doc[1] === name));
  return repoFiles([...replaced, ...docs]);
};

test('a sound repo gives a PolicySet and no problem', () => {
  const { policySet, problems, count } = loadPolicySet(withDocs(grant()));
  expect(problems).toEqual([]);
  expect(count).toBe(10);
  expect(policySet?.policies.get('ask')).toMatchObject({
    limits: { maxDuration: 14_400_000, maxActive: undefined, hours: undefined },
    durability: 'strict',
    at: { file: 'policies/ask.yaml', line: 3, column: 18 },
  });
  expect(policySet?.grants.get('g1')?.window).toEqual({
    duration: 7_200_000,
    start: 'merge',
    notBefore: undefined,
    notAfter: undefined,
  });
  expect(structuredClone(policySet)).toEqual(policySet);
});

test('label selectors are resolved and sorted', () => {
  const labelled = (name: string, team: string): SourceFile =>
    sourceFile(
      `streams/${name}.yaml`,
      `apiVersion: sluice.dev/v1\nkind: Stream\nmetadata: {name: ${name}, labels: {team: ${team}}}\nspec: {cluster: main, topics: [{prefix: ${name}.}]}`,
    );
  const p = policy('mode: standing').map((s) => s.replace('[payments]', '{matchLabels: {team: a}}')) as unknown as Doc;
  const files = [...withDocs(p), labelled('zeta', 'a'), labelled('alpha', 'a'), labelled('other', 'b')];
  expect(loadPolicySet(files).policySet?.policies.get('p')?.streams).toEqual(['alpha', 'zeta']);
  expect(problemsOf(withDocs(p))).toEqual(['reference/empty-selector policies/p.yaml:4:62']);
});

describe('every problem names its place', () => {
  test.each<[string, string, Doc[]]>([
    // schema
    ['unknown key', 'schema/unknown-key clusters/main.yaml:4:21', [['Cluster', 'main', '{type: kafka, adress: x}']]],
    ['missing key', 'schema/required clusters/main.yaml:4:1', [['Cluster', 'main', '{}']]],
    ['wrong type', 'schema/type clusters/main.yaml:4:29', [['Cluster', 'main', '{type: kafka, owners: {a: b}}']]],
    ['not one of', 'schema/enum clusters/main.yaml:4:14', [['Cluster', 'main', '{type: kafak}']]],
    [
      'empty prefix',
      'schema/min-length streams/s.yaml:4:41',
      [['Stream', 's', "{cluster: main, topics: [{prefix: ''}]}"]],
    ],
    [
      'both literal and prefix',
      'schema/one-of streams/s.yaml:4:32',
      [['Stream', 's', '{cluster: main, topics: [{prefix: a, literal: b}]}']],
    ],
    [
      'unknown key in a choice',
      'schema/unknown-key approver-rules/x.yaml:4:18',
      [['ApproverRule', 'x', '{require: {al: [{from: leads, count: 1}]}}']],
    ],
    ['no mode', 'schema/required policies/p.yaml:4:1', [policy('effect: allow')]],
    [
      'bad duration',
      'schema/pattern policies/p.yaml:4:122',
      [policy('mode: onRequest, limits: {maxDuration: 2h}, approval: leads')],
    ],
    [
      'zero duration',
      'schema/duration policies/p.yaml:4:122',
      [policy('mode: onRequest, limits: {maxDuration: PT0S}, approval: leads')],
    ],
    [
      'bad instant',
      'schema/instant revocations/r.yaml:4:42',
      [['Revocation', 'r', '{subject: alice, reason: x, until: 2026-02-30T00:00:00Z}']],
    ],
    [
      'bad time zone',
      'schema/time-zone policies/p.yaml:4:120',
      [policy('mode: standing, limits: {hours: {tz: Mars/X, days: [mon], from: "08:00", to: "18:00"}}')],
    ],
    [
      'hours that never open',
      'schema/empty-window policies/p.yaml:4:157',
      [policy('mode: standing, limits: {hours: {tz: UTC, days: [mon], from: "18:00", to: "08:00"}}')],
    ],
    [
      'bad hour',
      'schema/pattern policies/p.yaml:4:144',
      [policy('mode: standing, limits: {hours: {tz: UTC, days: [mon], from: "25:00", to: "08:00"}}')],
    ],
    [
      'bidirectional text',
      'schema/pattern revocations/r.yaml:4:32',
      [['Revocation', 'r', '{subject: alice, reason: "a\\u202Eb"}']],
    ],
    [
      'long text',
      'schema/max-length revocations/r.yaml:4:32',
      [['Revocation', 'r', `{subject: alice, reason: ${'a'.repeat(501)}}`]],
    ],
    ['bad name', 'schema/pattern clusters/UP.yaml:3:18', [['Cluster', 'UP', '{type: kafka}']]],
    [
      'person and workload',
      'schema/one-of identities/x.yaml:4:1',
      [['Identity', 'x', '{person: {}, workload: {issuer: https://i, claims: {a: b}}}']],
    ],
    ['neither grant nor subject', 'schema/one-of revocations/r.yaml:4:1', [['Revocation', 'r', '{reason: x}']]],
    [
      'key with a line break',
      'schema/signing-key identities/x.yaml:4:37',
      [['Identity', 'x', `{person: {signingKeys: [{key: "${key}\\n* ${key}"}]}}`]],
    ],
    [
      'key with options',
      'schema/signing-key identities/x.yaml:4:37',
      [['Identity', 'x', `{person: {signingKeys: [{key: 'cert-authority ${key}'}]}}`]],
    ],
    [
      'key of another type inside',
      'schema/signing-key identities/x.yaml:4:37',
      [['Identity', 'x', `{person: {signingKeys: [{key: '${key.replace('ssh-ed25519', 'ssh-rsa')}'}]}}`]],
    ],
    [
      'mask path',
      'schema/pattern masks/m.yaml:4:69',
      [['MaskPolicy', 'm', '{streams: [payments], rules: [{name: r, action: redact, path: a..b}]}']],
    ],
    [
      'mask rule without a match',
      'schema/one-of masks/m.yaml:4:37',
      [['MaskPolicy', 'm', '{streams: [payments], rules: [{name: r, action: redact}]}']],
    ],
    // references
    [
      'unknown cluster',
      'reference/dangling streams/s.yaml:4:17',
      [['Stream', 's', '{cluster: mian, topics: [{prefix: a}]}']],
    ],
    ['unknown group member', 'reference/dangling groups/g.yaml:4:18', [['Group', 'g', '{members: [alcie]}']]],
    [
      'unknown mask rule',
      'reference/dangling policies/p.yaml:4:126',
      [
        policy('mode: onRequest, approval: leads, unmask: [m/card]'),
        ['MaskPolicy', 'm', '{streams: [payments], rules: [{name: cards, action: redact, path: a}]}'],
      ],
    ],
    [
      'unknown mask',
      'reference/dangling policies/p.yaml:4:126',
      [policy('mode: onRequest, approval: leads, unmask: [m/cards]')],
    ],
    [
      'unknown subject of a revocation',
      'reference/dangling revocations/r.yaml:4:17',
      [['Revocation', 'r', '{subject: alicia, reason: x}']],
    ],
    [
      'claimed approvers',
      'reference/from-claim approver-rules/x.yaml:4:31',
      [['ApproverRule', 'x', '{require: {any: [{from: claimed, count: 1}]}}']],
    ],
    [
      'claimed owners',
      'reference/from-claim clusters/x.yaml:4:30',
      [['Cluster', 'x', '{type: kafka, owners: [claimed]}']],
    ],
    [
      'deny of a claimed group',
      'reference/from-claim policies/d.yaml:4:41',
      [
        [
          'AccessPolicy',
          'd',
          '{effect: deny, subjects: [{group: claimed}], streams: [payments], operations: [consume]}',
        ],
      ],
    ],
    [
      'one subject in two Identities',
      'reference/duplicate-binding identities/x.yaml:4:24',
      [['Identity', 'x', '{person: {oidc: [{issuer: https://idp, subject: a}]}}']],
    ],
    [
      'one account in two Identities',
      'reference/duplicate-binding identities/y.yaml:4:28',
      [
        ['Identity', 'x', '{person: {accounts: [{forge: github.com, id: 7}]}}'],
        ['Identity', 'y', '{person: {accounts: [{forge: github.com, id: 7}]}}'],
      ],
    ],
    [
      'one key in two Identities',
      'reference/duplicate-binding identities/y.yaml:4:31',
      [
        ['Identity', 'x', `{person: {signingKeys: [{key: ${key}}]}}`],
        ['Identity', 'y', `{person: {signingKeys: [{key: ${key}}]}}`],
      ],
    ],
    // rules
    ['onRequest without approval', 'policy/no-approval policies/p.yaml:4:89', [policy('mode: onRequest')]],
    [
      'standing with approval',
      'policy/contradiction policies/p.yaml:4:99',
      [policy('mode: standing, approval: leads')],
    ],
    [
      'standing admin',
      'policy/standing-admin policies/p.yaml:4:68',
      [
        [
          'AccessPolicy',
          'p',
          '{mode: standing, subjects: [{identity: alice}], operations: [admin], streams: [payments]}',
        ],
      ],
    ],
    ['deny with a mode', 'policy/contradiction policies/p.yaml:4:97', [policy('effect: deny, mode: standing')]],
    [
      'a star',
      'policy/topic-name streams/s.yaml:4:32',
      [['Stream', 's', '{cluster: main, topics: [{literal: orders.*}]}']],
    ],
    [
      'too few members',
      'policy/unmeetable approver-rules/x.yaml:4:45',
      [['ApproverRule', 'x', '{require: {any: [{from: leads, count: 3}]}}']],
    ],
    [
      'a shared issuer',
      'policy/shared-issuer identities/x.yaml:4:72',
      [
        [
          'Identity',
          'x',
          '{workload: {issuer: https://token.actions.githubusercontent.com, claims: {repository: a/b}}}',
        ],
      ],
    ],
  ])('%s', (_name, expected, docs) => {
    expect(problemsOf(withDocs(...docs))).toEqual([expected]);
  });
});

describe('a grant has to fit its policy', () => {
  test.each<[string, Record<string, string>]>([
    ['grant/operations', { operations: '[produce]' }],
    ['grant/duration', { window: '{duration: PT5H}' }],
    ['grant/topics', { topics: '[{prefix: pay}]' }],
    ['grant/groups', { groups: '[{literal: shared}]' }],
    ['grant/window', { window: '{duration: PT1H, notBefore: 2026-01-02T00:00:00Z, notAfter: 2026-01-01T00:00:00Z}' }],
    ['reference/dangling', { policy: 'aks' }],
    ['schema/pattern', { uid: 'abc' }],
    ['schema/type', { uid: '12345678901234567890123456789012' }],
  ])('%s', (rule, change) => {
    expect(problemsOf(withDocs(grant(change))).map((text) => text.split(' ')[0])).toEqual([rule]);
  });

  test.each<[string, string, Doc[]]>([
    ['another subject', 'grant/subject', [['Identity', 'carol', '{person: {}}'], grant({ subject: 'carol' })]],
    [
      'a stream outside',
      'grant/streams',
      [['Stream', 'x', '{cluster: main, topics: [{prefix: x.}]}'], grant({ streams: '[x]' })],
    ],
    [
      'an id of somebody else',
      'grant/transactional-ids',
      [
        [
          'AccessPolicy',
          'w',
          '{mode: onRequest, approval: leads, subjects: [{group: leads}], streams: [payments], operations: [produce]}',
        ],
        grant({ policy: 'w', operations: '[produce]', transactionalIds: '[{prefix: bob.}]' }),
      ],
    ],
    ['a standing policy', 'grant/policy', [policy('mode: standing'), grant({ policy: 'p' })]],
    [
      'a machine asks',
      'grant/requester',
      [['Identity', 'ci', '{workload: {issuer: https://i, claims: {a: b}}}'], grant({ requestedBy: 'ci' })],
    ],
  ])('%s', (_name, rule, docs) => {
    expect(problemsOf(withDocs(...docs)).map((text) => text.split(' ')[0])).toEqual([rule]);
  });

  test('narrower than its policy fits', () => {
    const narrow = {
      topics: '[{literal: payments.orders}]',
      groups: '[{literal: alice.x}]',
      window: '{duration: PT4H}',
    };
    expect(problemsOf(withDocs(grant(narrow)))).toEqual([]);
  });

  test('a uid is there once', () => {
    const [kind, , spec] = grant();
    expect(problemsOf(withDocs(grant(), [kind, 'g2', spec]))).toEqual(['grant/duplicate-uid grants/g2.yaml:4:13']);
  });
});

describe('files', () => {
  const cluster = (name: string): string =>
    `apiVersion: sluice.dev/v1\nkind: Cluster\nmetadata: {name: ${name}}\nspec: {type: kafka}\n`;

  test.each<[string, string[], string, string | Uint8Array]>([
    ['duplicate key', ['yaml/duplicate-key clusters/x.yaml:2:1'], 'clusters/x.yaml', 'kind: Cluster\nkind: Stream\n'],
    ['syntax', ['yaml/syntax clusters/x.yaml:2:1'], 'clusters/x.yaml', 'a: [b\n'],
    ['not UTF-8', ['yaml/not-utf8 clusters/x.yaml:1:1'], 'clusters/x.yaml', new Uint8Array([0x61, 0xff, 0xfe])],
    ['over 1 MiB', ['yaml/too-large clusters/x.yaml:1:1'], 'clusters/x.yaml', new Uint8Array(1024 * 1024 + 1)],
    [
      'merge conflict',
      ['yaml/conflict-marker clusters/x.yaml:2:1'],
      'clusters/x.yaml',
      'a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n',
    ],
    [
      'alias bomb',
      ['yaml/alias clusters/x.yaml:1:1'],
      'clusters/x.yaml',
      `a: &a [${'1,'.repeat(50)}]\nb: &b [${'*a,'.repeat(50)}]\nc: [${'*b,'.repeat(50)}]\n`,
    ],
    ['alias to itself', ['yaml/alias clusters/x.yaml:1:1'], 'clusters/x.yaml', 'a: &a [*a]\n'],
    ['dangling alias', ['yaml/alias clusters/x.yaml:1:1'], 'clusters/x.yaml', 'a: *nothing\n'],
    ['a tag', ['yaml/tag clusters/x.yaml:1:4'], 'clusters/x.yaml', 'a: !!js/function x\n'],
    ['a template', ['yaml/key clusters/x.yaml:1:5'], 'clusters/x.yaml', 'a: {{ name }}\n'],
    ['a list for a key', ['yaml/key clusters/x.yaml:2:1'], 'clusters/x.yaml', 'b: &b [1]\n*b : 1\n'],
    ['nested too deeply', ['yaml/too-deep clusters/x.yaml:1:1'], 'clusters/x.yaml', '['.repeat(100_000)],
    ['nothing in it', ['yaml/empty clusters/x.yaml:1:1'], 'clusters/x.yaml', '# later\n'],
    ['text only', ['schema/type clusters/x.yaml:1:1'], 'clusters/x.yaml', 'hello\n'],
    ['a list', ['schema/type clusters/x.yaml:1:1'], 'clusters/x.yaml', '- a\n'],
    [
      'unknown kind',
      ['schema/unknown-kind clusters/x.yaml:2:7'],
      'clusters/x.yaml',
      'apiVersion: sluice.dev/v1\nkind: Clustre\n',
    ],
    ['another version', ['schema/const clusters/x.yaml:1:13'], 'clusters/x.yaml', cluster('x').replace('v1', 'v2')],
    ['wrong folder', ['schema/wrong-folder streams/x.yaml:2:7'], 'streams/x.yaml', cluster('x')],
    ['wrong folder, none of ours', ['schema/wrong-folder deploy/x.yaml:2:7'], 'deploy/x.yaml', cluster('x')],
    [
      'sluice.yml is not sluice.yaml',
      ['schema/wrong-folder sluice.yml:2:7'],
      'sluice.yml',
      cluster('x').replace('Cluster', 'Repo').replace('type: kafka', ''),
    ],
    ['same name twice', ['reference/duplicate-name clusters/x.yaml:3:18'], 'clusters/x.yaml', cluster('main')],
    ['two documents in a grants file', ['schema/one-document grants/x.yaml:3:1'], 'grants/x.yaml', '{}\n---\n{}\n'],
    ['other YAML is not ours', [], 'deploy/values.yaml', 'a: 1\na: 2\n'],
    ['nor in hidden folders', [], '.github/workflows/x.yaml', cluster('main')],
    ['several documents in one file', [], 'clusters/x.yml', `${cluster('x')}---\n${cluster('y')}`],
    ['CRLF and a byte order mark', [], 'clusters/x.yaml', `\uFEFF${cluster('x').replaceAll('\n', '\r\n')}`],
  ])('%s', (_name, expected, path, text) => {
    const file = typeof text === 'string' ? sourceFile(path, text) : { path, bytes: text };
    const found = problemsOf([...withDocs(), file]);
    expect(path.startsWith('grants') ? found.filter((one) => one.includes('one-document')) : found).toEqual(expected);
  });

  test('a grant is in a file of its own name', () => {
    const files = withDocs(grant()).map((file) => ({
      ...file,
      path: file.path.replace('grants/g1', 'grants/2026-11/other'),
    }));
    expect(problemsOf(files)).toEqual(['schema/file-name grants/2026-11/other.yaml:3:18']);
  });

  test('an empty repo, and one without sluice.yaml, are problems', () => {
    expect(problemsOf([])).toEqual(['schema/empty-repo sluice.yaml:1:1']);
    expect(problemsOf(withDocs().filter((file) => file.path !== 'sluice.yaml'))).toEqual([
      'schema/no-repo sluice.yaml:1:1',
    ]);
    expect(loadPolicySet(withDocs().slice(1)).policySet).toBe(undefined);
  });

  test('all problems come in one run, in order, each with a way to mend it', () => {
    const { problems, policySet } = loadPolicySet(
      withDocs(
        policy('mode: onRequest'),
        ['Stream', 's', '{cluster: mian, topics: [{prefix: a}]}'],
        grant({ policy: 'aks' }),
      ),
    );
    expect(policySet).toBe(undefined);
    expect(problems.map((p) => [p.rule, p.at.file, p.fix])).toEqual([
      ['reference/dangling', 'grants/g1.yaml', "did you mean 'ask'?"],
      ['policy/no-approval', 'policies/p.yaml', 'add approval: with the name of an ApproverRule'],
      ['reference/dangling', 'streams/s.yaml', "did you mean 'main'?"],
    ]);
  });
});
