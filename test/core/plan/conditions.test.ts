import { expect, test } from 'vitest';
import type { PolicySet } from '../../../core/model/documents.ts';
import type { PlanChange } from '../../../core/plan/plan.ts';
import { planOf } from '../../../core/plan/plan-of.ts';
import { policySetOf } from '../../support/policy-set.ts';

type Doc = readonly [kind: string, name: string, spec: string];
const base: Doc[] = [
  ['Cluster', 'main', '{type: kafka}'],
  ['Stream', 'orders', '{cluster: main, topics: [{prefix: orders.}]}'],
  ['Identity', 'bob', '{person: {oidc: [{issuer: https://idp, subject: b}]}}'],
  ['Group', 'leads', '{members: [bob]}'],
  ['ApproverRule', 'leads', '{require: {any: [{from: leads, count: 1}]}}'],
];
/** The rules, with labels of alice. */
const rulesOf = (docs: readonly Doc[], labels: Readonly<Record<string, string>> = {}): PolicySet => {
  const set = policySetOf([
    ...base,
    ['Identity', 'alice', '{person: {oidc: [{issuer: https://idp, subject: a}]}}'],
    ...docs,
  ]);
  const alice = set.identities.get('alice')!;
  return { ...set, identities: new Map(set.identities).set('alice', { ...alice, labels }) };
};
const policy = (rest: string, name = 'p'): Doc => [
  'AccessPolicy',
  name,
  `{subjects: [{identity: alice}], streams: [orders], operations: [consume], ${rest}}`,
];
const standing = 'mode: standing';
const mfa = `when: 'claims.mfa == true'`;
const vpn = `when: 'inCidr(source.address, "10.0.0.0/8")'`;
const team = `when: 'principal.labels.team == "pay"'`;
const asked = 'mode: onRequest, approval: leads';
const terms = (time: string, review = 'P1D'): string =>
  `${asked}, breakGlass: {maxDuration: ${time}, notify: [leads], reviewWithin: ${review}}`;

const told = (changes: readonly PlanChange[]): string[] =>
  changes.flatMap((change) =>
    change.what === 'access' ? [`${change.how} ${change.principals} ${change.regions.map(({ kind }) => kind)}`] : [],
  );
const both = (how: string): string[] => [`${how} alice topic,group`];

test.each<[string, Doc[], Doc[], string[], string[]]>([
  ['a condition that stays', [policy(`${standing}, ${mfa}`)], [policy(`${standing}, ${mfa}`)], [], []],
  ['a condition that is added', [policy(standing)], [policy(`${standing}, ${mfa}`)], [], both('standing')],
  ['a condition that goes', [policy(`${standing}, ${mfa}`)], [policy(standing)], both('standing'), []],
  [
    'another condition: nobody can tell',
    [policy(`${standing}, ${mfa}`)],
    [policy(`${standing}, ${vpn}`)],
    both('standing'),
    both('standing'),
  ],
  [
    'a deny that gets a condition',
    [policy(standing), policy('effect: deny', 'no')],
    [policy(standing), policy(`effect: deny, ${mfa}`, 'no')],
    both('standing'),
    [],
  ],
  [
    'a deny whose condition stays',
    [policy(standing), policy(`effect: deny, ${mfa}`, 'no')],
    [policy(standing), policy(`effect: deny, ${mfa}`, 'no')],
    [],
    [],
  ],
  [
    'a deny whose condition is another',
    [policy(standing), policy(`effect: deny, ${mfa}`, 'no')],
    [policy(standing), policy(`effect: deny, ${vpn}`, 'no')],
    both('standing'),
    both('standing'),
  ],
  ['break-glass that is added', [policy(asked)], [policy(terms('PT30M'))], both('breakGlass'), []],
  ['break-glass for longer', [policy(terms('PT30M'))], [policy(terms('PT1H'))], both('breakGlass'), []],
  [
    'break-glass that is reviewed later',
    [policy(terms('PT30M'))],
    [policy(terms('PT30M', 'P2D'))],
    both('breakGlass'),
    [],
  ],
  ['break-glass that is shorter', [policy(terms('PT1H'))], [policy(terms('PT30M'))], [], both('breakGlass')],
])('%s', (_name, before, after, widens, narrows) => {
  const plan = planOf(rulesOf(before), rulesOf(after));
  expect(told(plan.widens)).toEqual(widens);
  expect(told(plan.narrows)).toEqual(narrows);
});

test('a label that a condition reads is looked at', () => {
  const rules = policy(`${standing}, ${team}`);
  const plan = planOf(rulesOf([rules]), rulesOf([rules], { team: 'pay' }));
  expect(told(plan.widens)).toEqual(both('standing'));
  expect(plan.widens[0]).toMatchObject({ after: 'standing, when principal.labels.team == "pay"' });
  const unread = policy(`${standing}, ${mfa}`);
  const none = planOf(rulesOf([unread]), rulesOf([unread], { team: 'pay' }));
  expect(none.widens).toEqual([]);
});
