import { expect, test } from 'vitest';
import type { Resource } from '../../../core/model/resource.ts';
import { whoCan } from '../../../core/policy/who-can.ts';
import { policySetOf } from '../../support/policy-set.ts';
import { snapshotOf } from '../../support/snapshot.ts';

const person = (name: string): readonly [string, string, string] => [
  'Identity',
  name,
  `{person: {oidc: [{issuer: https://idp, subject: ${name}}]}}`,
];
const set = policySetOf([
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}], minimumApproval: two}'],
  ['Stream', 'paid', '{cluster: main, topics: [{literal: orders.paid}]}'],
  ...['ada', 'bob', 'cem', 'dan', 'eve', 'fay', 'gus'].map(person),
  ['Identity', 'ci', '{workload: {issuer: https://ci, claims: {repo: "1"}}}'],
  ['Group', 'team', '{members: [ada, bob, dan]}'],
  ['Group', 'claimed', '{fromClaim: {issuer: https://idp, claim: groups, value: x}}'],
  ['ApproverRule', 'one', '{require: {any: [{from: team, count: 1}]}}'],
  ['ApproverRule', 'two', '{require: {all: [{from: team, count: 2}]}}'],
  ['AccessPolicy', 'read', '{mode: standing, subjects: [{group: team}], streams: [orders], operations: [consume]}'],
  [
    'AccessPolicy',
    'by-claim',
    '{mode: standing, subjects: [{group: claimed}], streams: [orders], operations: [consume], limits: {hours: {tz: UTC, days: [tue], from: "08:00", to: "18:00"}}}',
  ],
  [
    'AccessPolicy',
    'mfa',
    `{mode: standing, subjects: [{identity: eve}], streams: [orders], operations: [consume], when: 'claims.mfa == true'}`,
  ],
  [
    'AccessPolicy',
    'ask',
    '{mode: onRequest, subjects: [{identity: ci}, {identity: fay}], streams: [orders, paid], operations: [consume], approval: one, limits: {maxDuration: PT1H}, unmask: [m/card]}',
  ],
  [
    'AccessPolicy',
    'never',
    '{effect: deny, subjects: [{identity: dan}, {identity: fay}], streams: [orders], operations: [consume]}',
  ],
  [
    'AccessPolicy',
    'outside',
    `{effect: deny, subjects: [{identity: bob}], streams: [orders], operations: [consume], when: '!inCidr(source.address, "10.0.0.0/8")'}`,
  ],
  [
    'MaskPolicy',
    'm',
    '{streams: [orders], rules: [{name: card, path: card, action: redact}, {name: mail, detector: email, action: hash}]}',
  ],
]);
const tuesday = Date.parse('2026-11-24T11:00:00Z');
const ask = (name: string, now = tuesday): string[] => {
  const resource: Resource = { cluster: 'main', kind: 'topic', name };
  return whoCan(snapshotOf(set), 'consume', resource, now).map((one) =>
    [
      one.principal,
      one.how,
      one.rule.name,
      one.through.join('+'),
      ...(one.claimGroups.length > 0 ? [`token ${one.claimGroups}`] : []),
      ...one.conditions,
      ...one.approval,
      ...one.masks.flatMap((mask) =>
        mask.policy.rules.map(({ name: rule }) => rule).filter((rule) => !mask.lifted.includes(rule)),
      ),
    ].join(' '),
  );
};

test('members one by one, groups by claim, conditions, requests; not who is denied', () => {
  expect(ask('orders.new')).toEqual([
    'ada now read group team card mail',
    'bob if read group team not (!inCidr(source.address, "10.0.0.0/8")) card mail',
    'cem now by-claim group claimed token claimed card mail',
    'ci ask ask identity ci one two mail',
    'eve if mfa identity eve claims.mfa == true card mail',
    'eve now by-claim group claimed token claimed card mail',
    'gus now by-claim group claimed token claimed card mail',
  ]);
});

test('at other hours', () => {
  expect(ask('orders.new', Date.parse('2026-11-24T20:00:00Z')).filter((line) => line.startsWith('cem'))).toEqual([
    'cem later by-claim group claimed token claimed card mail',
  ]);
});

test('a topic of two streams needs both', () => {
  expect(ask('orders.paid')).toEqual(['ci ask ask identity ci one two mail']);
});
