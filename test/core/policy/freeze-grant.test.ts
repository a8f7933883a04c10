import { expect, test } from 'vitest';
import { freezeGrant } from '../../../core/policy/freeze-grant.ts';
import { policySetOf } from '../../support/policy-set.ts';

const rules = policySetOf([
  ['Cluster', 'main', '{type: kafka, owners: [team]}'],
  ['Stream', 's', '{cluster: main, topics: [{prefix: s.}], owners: [team]}'],
  ['Stream', 'other', '{cluster: main, topics: [{literal: other}], owners: [team]}'],
  ['Identity', 'ada', "{person: {oidc: [{issuer: 'https://idp.example', subject: ada}]}}"],
  ['Group', 'team', '{members: [ada]}'],
  [
    'AccessPolicy',
    'ask',
    '{mode: onRequest, subjects: [{identity: ada}], streams: [s], operations: [consume], approval: rule, limits: {maxDuration: PT1H}, unmask: [m/card]}',
  ],
  ['ApproverRule', 'rule', '{require: {all: [{from: team, count: 1}]}}'],
  ['MaskPolicy', 'm', '{streams: [s], rules: [{name: card, path: card, action: redact}]}'],
  ['MaskPolicy', 'n', '{streams: [other], rules: [{name: mail, path: mail, action: redact}]}'],
]);
const grant = {
  uid: 'a'.repeat(32),
  name: 'g',
  requestedBy: 'ada',
  subject: 'ada',
  policy: 'ask',
  streams: ['s'],
  topics: [{ literal: 's.one' }],
  groups: undefined,
  transactionalIds: undefined,
  operations: ['consume' as const],
  at: { file: 'g.yaml', line: 1, column: 1 },
};
const admission = { start: 1, end: 2, admittedAt: 1 };

test('a grant is frozen with its own names, the masks of its streams and what it lifts of them', () => {
  expect(freezeGrant(rules, grant, { ...admission, approvedBy: ['bob'], commit: 'c' })).toMatchObject({
    cluster: 'main',
    streams: [{ stream: 's', topics: [{ literal: 's.one' }] }],
    masksAtAdmission: ['m/card'],
    unmask: ['m/card'],
    bindings: expect.stringMatching(/./),
    approvedBy: ['bob'],
    commit: 'c',
    ...admission,
  });
});

test.each([
  ['policy', { policy: 'gone' }, { streams: [], unmask: [] }],
  ['subject', { subject: 'gone' }, { bindings: '' }],
  ['stream', { streams: ['gone'] }, { cluster: '', masksAtAdmission: [] }],
])('a %s that the rules do not have leaves its part empty', (_, change, empty) => {
  expect(freezeGrant(rules, { ...grant, ...change }, admission)).toMatchObject(empty);
});
