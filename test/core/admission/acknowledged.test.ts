import { expect, test } from 'vitest';
import { acknowledgementProblem } from '../../../core/admission/acknowledged.ts';
import type { PolicySet } from '../../../core/model/documents.ts';
import { judgeLimits } from '../../../core/plan/plan-of.ts';
import { policySetOf } from '../../support/policy-set.ts';

type Doc = readonly [kind: string, name: string, spec: string];

const people = ['alice', 'bob', 'carol', 'dave'];
const docs: Doc[] = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}], minimumApproval: leads}'],
  ...people.map((name): Doc => ['Identity', name, `{person: {oidc: [{issuer: https://idp, subject: ${name}}]}}`]),
  ['Group', 'team', '{members: [alice]}'],
  ['Group', 'leads', '{members: [bob, carol]}'],
  ['ApproverRule', 'leads', '{require: {all: [{from: leads, count: 1}]}}'],
  ['AccessPolicy', 'read', '{mode: standing, subjects: [{group: team}], streams: [orders], operations: [consume]}'],
  ['MaskPolicy', 'cards', '{streams: [orders], rules: [{name: number, path: card, action: redact}]}'],
];

/** The documents with one of them replaced, or left out. */
function changed(kind: string, name: string, spec: string | undefined): PolicySet {
  const others = docs.filter((doc) => doc[0] !== kind || doc[1] !== name);
  return policySetOf(spec === undefined ? others : [...others, [kind, name, spec]]);
}

const before = policySetOf(docs);
const revoked = (...names: string[]): PolicySet =>
  policySetOf([...docs, ...names.map((name): Doc => ['Revocation', `no-${name}`, `{subject: ${name}, reason: r}`])]);
const everybody = changed('Group', 'team', '{members: [alice, bob, carol, dave]}');

test.each<[string, PolicySet, PolicySet, RegExp]>([
  [
    'more than 30 % of all get more',
    before,
    everybody,
    /widens what 3 of 4 Identities may do \(75 %\); the limit is 30 %/,
  ],
  ['a mask is lifted', before, changed('MaskPolicy', 'cards', undefined), /lifts or weakens mask cards/],
  [
    'a stream loses its approvers',
    before,
    changed('Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}]}'),
    /leaves stream orders without approvers/,
  ],
  [
    'revocations are lifted from many',
    { ...everybody, revocations: revoked('alice', 'bob').revocations },
    everybody,
    /widens what 2 of 4/,
  ],
])('%s: it names the limit, the digest and what to do, and is fine with that digest', (_name, from, to, limit) => {
  const problem = acknowledgementProblem(from, to);
  expect(problem).toMatch(limit);
  const { digest } = judgeLimits(from, to);
  expect(problem).toContain(`with ${digest} in spec.acknowledge`);
  const acknowledge = (repo: PolicySet['repo'], word: string) => ({ ...repo, acknowledge: [word] });
  expect(acknowledgementProblem(from, { ...to, repo: acknowledge(to.repo, digest) })).toBeUndefined();
  expect(acknowledgementProblem(from, { ...to, repo: acknowledge(to.repo, `sha256:${'0'.repeat(64)}`) })).toMatch(
    limit,
  );
  // Once it is in the branch it acknowledges nothing more.
  const used = { ...from, repo: acknowledge(from.repo, digest) };
  expect(acknowledgementProblem(used, { ...to, repo: used.repo })).toMatch(limit);
});

test.each<[string, PolicySet, PolicySet]>([
  ['nothing changes', before, before],
  ['one more of four', before, changed('Group', 'team', '{members: [alice, bob]}')],
  ['everybody is revoked', everybody, { ...everybody, revocations: revoked(...people).revocations }],
  ['everybody leaves the group', everybody, changed('Group', 'team', '{members: []}')],
  ['the policy is gone', everybody, changed('AccessPolicy', 'read', undefined)],
  [
    'everybody was revoked and gets a right that does not reach them',
    revoked(...people),
    { ...everybody, revocations: revoked(...people).revocations },
  ],
])('%s: nothing to acknowledge', (_name, from, to) => expect(acknowledgementProblem(from, to)).toBeUndefined());
