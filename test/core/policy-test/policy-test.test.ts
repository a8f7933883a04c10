import { expect, test } from 'vitest';
import { loadPolicySet } from '../../../core/load/load-policy-set.ts';
import { loadPolicyTests } from '../../../core/load/load-policy-tests.ts';
import { runTest } from '../../../core/policy-test/run-test.ts';
import { repoFiles, sourceFile } from '../../support/policy-set.ts';

type Documents = Parameters<typeof repoFiles>[0];

const repo: Documents = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'open', '{cluster: main, topics: [{prefix: open.}, {literal: both}]}'],
  ['Stream', 'shut', '{cluster: main, topics: [{prefix: shut.}, {literal: both}]}'],
  ['Identity', 'ann', '{person: {oidc: [{issuer: "https://idp", subject: a1}]}}'],
  ['Identity', 'key-only', '{person: {}}'],
  ['Identity', 'job', '{workload: {issuer: "https://ci", claims: {sub: s1, ref: main}}}'],
  ['Group', 'signers', '{members: [ann]}'],
  ['Group', 'by-claim', '{fromClaim: {issuer: "https://idp", claim: groups, value: readers}}'],
  ['ApproverRule', 'any', '{require: {all: [{from: signers, count: 1}]}}'],
  [
    'AccessPolicy',
    'read',
    '{mode: standing, subjects: [{identity: ann}, {identity: job}, {identity: key-only}], streams: [open], operations: [consume]}',
  ],
  [
    'AccessPolicy',
    'claimed',
    '{mode: standing, subjects: [{group: by-claim}], streams: [shut], operations: [consume]}',
  ],
  [
    'AccessPolicy',
    'inside',
    `{mode: standing, subjects: [{identity: ann}], streams: [open], operations: [produce], when: 'inCidr(source.address, "10.0.0.0/8") && claims.mfa == true'}`,
  ],
  [
    'AccessPolicy',
    'ask',
    '{mode: onRequest, subjects: [{identity: ann}, {identity: job}], streams: [shut], operations: [consume, produce], approval: any, limits: {maxDuration: PT2H}}',
  ],
  ['Revocation', 'gone', '{subject: ann, reason: left}'],
];

const at = 'at: 2026-01-01T10:00:00Z';

function load(spec: string) {
  const files = repoFiles([...repo, ['PolicyTest', 't', spec]]);
  const { policySet, problems } = loadPolicySet(files);
  if (!policySet) throw new TypeError(JSON.stringify(problems));
  return { policySet, ...loadPolicyTests(files, policySet) };
}

function run(given: string, expectation: string) {
  const { policySet, tests, problems } = load(`{given: {${given}, ${at}}, expect: [{${expectation}}]}`);
  expect(problems).toEqual([]);
  return runTest(policySet, tests[0]!).failures.map(({ expected, got }) => `${expected} <> ${got}`);
}

test.each([
  ['principal: ann', 'operation: consume, topic: open.a, effect: allow'],
  ['principal: job', 'operation: consume, topic: open.a, effect: allow'],
  ['principal: key-only', 'operation: consume, topic: open.a, effect: allow'],
  ['claims: {iss: "https://ci", sub: s1, ref: main}', 'operation: consume, topic: open.a, effect: allow'],
  ['claims: {iss: "https://ci", sub: s1, ref: fork}', 'operation: consume, topic: open.a, effect: deny, rule: default'],
  ['principal: ann, claims: {groups: [readers]}', 'operation: consume, topic: shut.a, effect: allow, rule: claimed'],
  ['principal: ann', 'operation: consume, topic: shut.a, effect: deny, code: NoRule'],
  ['principal: ann, claims: {mfa: true}, source: 10.1.2.3', 'operation: produce, topic: open.a, effect: allow'],
  ['principal: ann, claims: {mfa: true}, source: 11.1.2.3', 'operation: produce, topic: open.a, effect: deny'],
  ['principal: ann, claims: {mfa: true}', 'operation: produce, topic: open.a, effect: deny, code: ConditionNotMet'],
  ['principal: ann, source: 10.1.2.3', 'operation: produce, topic: open.a, effect: deny'],
  ['principal: ann, grants: [{policy: ask}]', 'operation: produce, topic: shut.a, effect: allow, rule: ask'],
  ['principal: job, grants: [{policy: ask}]', 'operation: produce, topic: shut.a, effect: allow, rule: ask'],
  [
    'principal: ann, grants: [{policy: ask}]',
    'operation: produce, topic: shut.a, effect: allow, until: 2026-01-01T13:00:00+01:00',
  ],
  ['principal: ann, grants: [{policy: ask, operations: [consume]}]', 'operation: produce, topic: shut.a, effect: deny'],
  [
    'principal: ann, grants: [{policy: ask, start: 2026-01-01T11:00:00Z}]',
    'operation: produce, topic: shut.a, effect: deny, code: GrantNotStarted',
  ],
  [
    'principal: ann, grants: [{policy: ask}], revocations: [gone]',
    'operation: produce, topic: shut.a, effect: deny, code: Revoked, rule: gone',
  ],
  ['principal: ann, revocations: [gone]', 'operation: consume, topic: open.a, effect: deny, code: Revoked'],
])('given {%s}: %s', (given, expectation) => expect(run(given, expectation)).toEqual([]));

test('a stream is all of its patterns: one that differs fails', () => {
  expect(run('principal: ann', 'operation: consume, stream: open, effect: allow')).toEqual(['allow <> deny']);
  expect(run('principal: ann, grants: [{policy: ask}]', 'operation: consume, stream: open, effect: allow')).toEqual([]);
});

test('a named principal whose token is of nobody fails, a deny too', () => {
  const given = 'principal: job, claims: {ref: fork}';
  expect(run(given, 'operation: consume, topic: open.a, effect: deny')).toEqual(['a token of job <> nobody']);
});

test.each([
  ['{given: {at: 2026-01-01T10:00:00Z}, expect: [{operation: consume, topic: a, effect: deny}]}', 'schema/one-of'],
  [`{given: {claims: {sub: a}, ${at}}, expect: [{operation: consume, topic: a, effect: deny}]}`, 'schema/required'],
  [`{given: {principal: an, ${at}}, expect: [{operation: consume, topic: a, effect: deny}]}`, 'reference/dangling'],
  [`{given: {principal: ann, ${at}}, expect: [{operation: consume, effect: deny}]}`, 'schema/one-of'],
  [
    `{given: {principal: ann, ${at}}, expect: [{operation: consume, topic: a, group: a, effect: deny}]}`,
    'schema/one-of',
  ],
  [`{given: {principal: ann, ${at}}, expect: [{operation: admin, topic: a, effect: deny}]}`, 'schema/operation'],
  [
    `{given: {principal: ann, ${at}}, expect: [{operation: consume, topic: a, effect: deny, masks: []}]}`,
    'schema/one-of',
  ],
  [
    `{given: {principal: ann, ${at}, grants: [{policy: ask, streams: [open]}]}, expect: [{operation: consume, topic: a, effect: deny}]}`,
    'grant/streams',
  ],
  [
    `{given: {principal: ann, ${at}, grants: [{policy: read}]}, expect: [{operation: consume, topic: a, effect: deny}]}`,
    'grant/policy',
  ],
  [
    `{given: {principal: ann, at: 2026-02-30T10:00:00Z}, expect: [{operation: consume, topic: a, effect: deny}]}`,
    'schema/instant',
  ],
])('%s is refused', (spec, rule) => {
  const { tests, problems } = load(spec);
  expect(tests).toEqual([]);
  expect(problems.map((problem) => problem.rule)).toContain(rule);
});

test.each([
  ['kind: PolicyTests', 'schema/const'],
  ['apiVersion: sluice.dev/v2\nkind: PolicyTest', 'schema/const'],
  ['apiVersion: v1\nkind: ConfigMap', undefined],
])('a document in tests/ that says %j', (head, rule) => {
  const spec = `{given: {principal: ann, ${at}}, expect: [{operation: consume, topic: a, effect: deny}]}`;
  const text = `${head}\nmetadata: {name: t}\nspec: ${spec}\n`;
  const files = [...repoFiles(repo), sourceFile('tests/t.yaml', text)];
  const { policySet, problems: told } = loadPolicySet(files);
  expect(told).toEqual([]);
  const rules = loadPolicyTests(files, policySet).problems.map((problem) => problem.rule);
  if (rule === undefined) expect(rules).toEqual([]);
  else expect(rules).toContain(rule);
});
