import { expect, test } from 'vitest';
import type { Principal, TokenClaims } from '../../../core/model/principal.ts';
import { decide } from '../../../core/policy/decide.ts';
import { matchIdentity } from '../../../core/policy/match-identity.ts';
import { policySetOf } from '../../support/policy-set.ts';
import { admitted, snapshotOf } from '../../support/snapshot.ts';

const set = policySetOf([
  ['Cluster', 'main', '{type: kafka}'],
  ...['mfa', 'office', 'denied', 'plain', 'asked'].map(
    (name) => ['Stream', name, `{cluster: main, topics: [{literal: ${name}}]}`] as const,
  ),
  ['Identity', 'alice', '{person: {oidc: [{issuer: https://idp, subject: a}]}}'],
  ['Group', 'leads', '{members: [alice]}'],
  ['ApproverRule', 'leads', '{require: {any: [{from: leads, count: 1}]}}'],
  allow('mfa', 'standing', 'claims.mfa == true'),
  allow('office', 'standing', 'inCidr(source.address, "10.0.0.0/8")'),
  [
    'AccessPolicy',
    'denied-allow',
    '{mode: standing, subjects: [{identity: alice}], streams: [denied, plain], operations: [consume]}',
  ],
  [
    'AccessPolicy',
    'denied-deny',
    `{effect: deny, subjects: [{identity: alice}], streams: [denied], operations: [consume], when: 'has(claims.contractor) && claims.contractor.startsWith("ext")'}`,
  ],
  [
    'AccessPolicy',
    'asked',
    `{mode: onRequest, subjects: [{identity: alice}], streams: [asked], operations: [consume], approval: leads, when: 'claims.mfa == true'}`,
  ],
]);

function allow(stream: string, mode: string, when: string): readonly [string, string, string] {
  const spec = `{mode: ${mode}, subjects: [{identity: alice}], streams: [${stream}], operations: [consume], when: '${when}'}`;
  return ['AccessPolicy', `${stream}-allow`, spec];
}

const now = Date.parse('2026-11-24T11:00:00Z');
const grants = [admitted(set, { subject: 'alice', policy: 'asked', start: now - 1000, end: now + 1000 })];
const as = (rest: Partial<Principal>): Principal => ({
  identity: 'alice',
  kind: 'person',
  issuer: 'https://idp',
  claimGroups: [],
  ...rest,
});
const ask = (topic: string, principal: Principal) =>
  decide(snapshotOf(set, grants), principal, 'consume', { cluster: 'main', kind: 'topic', name: topic }, now);
const code = (topic: string, rest: Partial<Principal>): string => {
  const decision = ask(topic, as(rest));
  return decision.effect === 'allow' ? 'allow' : decision.code;
};

test.each<[string, string, Partial<Principal>, string]>([
  ['an allow whose condition is met', 'mfa', { claims: { mfa: true } }, 'allow'],
  ['one that is not met', 'mfa', { claims: { mfa: false } }, 'ConditionNotMet'],
  ['a claim that the token does not have', 'mfa', { claims: { mfa: null } }, 'ConditionNotMet'],
  ['a claim that was not looked up', 'mfa', {}, 'ConditionNotMet'],
  ['a claim of another type', 'mfa', { claims: { mfa: 'true' } }, 'ConditionNotMet'],
  ['an inherited property is no claim', 'mfa', { claims: Object.create({ mfa: true }) }, 'ConditionNotMet'],
  ['an address of the network', 'office', { source: '10.9.8.7' }, 'allow'],
  ['another address', 'office', { source: '192.0.2.1' }, 'ConditionNotMet'],
  ['an address that is not known', 'office', {}, 'ConditionNotMet'],
  ['a deny whose condition is met', 'denied', { claims: { contractor: 'ext-7' } }, 'ExplicitDeny'],
  ['a deny that is not met', 'denied', { claims: { contractor: 'staff' } }, 'allow'],
  ['a deny about a claim that the token does not have', 'denied', { claims: { contractor: null } }, 'allow'],
  ['a deny about a claim that was not looked up holds', 'denied', {}, 'ExplicitDeny'],
  ['a deny that cannot be worked out holds', 'denied', { claims: { contractor: true } }, 'ExplicitDeny'],
  ['a live grant whose policy has a condition', 'asked', { claims: { mfa: true } }, 'allow'],
  ['which is not met', 'asked', { claims: { mfa: false } }, 'ConditionNotMet'],
])('%s', (_name, topic, rest, expected) => expect(code(topic, rest)).toBe(expected));

test('a decision says whether it is for one address alone', () => {
  expect(ask('office', as({ source: '10.0.0.1' }))).toMatchObject({ effect: 'allow', readsSource: true });
  expect(ask('office', as({}))).toMatchObject({ effect: 'deny', readsSource: true });
  expect(ask('plain', as({}))).toMatchObject({ effect: 'allow', readsSource: false });
});

test('a denial names the policy and how it can be had', () => {
  expect(ask('mfa', as({}))).toMatchObject({
    message: "alice may not consume topic mfa on main: the condition of 'mfa-allow' is not met",
    rule: { kind: 'AccessPolicy', name: 'mfa-allow' },
  });
});

test('a login looks up the claims that conditions read, and no others', () => {
  const token = (claims: Record<string, unknown>): TokenClaims => ({
    issuer: 'https://idp',
    subject: 'a',
    claims,
    issuedAt: 0,
    expiresAt: 1,
  });
  const claimsOf = (claims: Record<string, unknown>): unknown => {
    const match = matchIdentity(set, token(claims));
    return 'refused' in match ? match.refused : match.claims;
  };
  expect(claimsOf({ mfa: true, secret: 'canary' })).toEqual({ mfa: true, contractor: null });
  expect(claimsOf({ mfa: { nested: true }, contractor: 'x'.repeat(2000) })).toEqual({}); // unknown, not absent
  expect(claimsOf({ mfa: Array(20).fill('x'.repeat(1000)), contractor: Array(1001).fill('') })).toEqual({});
  expect(claimsOf({ mfa: ['a', 'b'], contractor: 1 })).toEqual({ mfa: ['a', 'b'], contractor: 1 });
});
