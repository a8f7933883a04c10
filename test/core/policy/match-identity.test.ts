import { expect, test } from 'vitest';
import { bindingsDigest } from '../../../core/policy/bindings.ts';
import { groupsOf, matchIdentity } from '../../../core/policy/match-identity.ts';
import { policySetOf } from '../../support/policy-set.ts';

const set = policySetOf([
  ['Identity', 'alice', '{person: {oidc: [{issuer: https://idp, subject: a}, {issuer: https://old, subject: "7"}]}}'],
  ['Identity', 'deploy', '{workload: {issuer: https://ci, claims: {project_id: "42", ref: main}}}'],
  ['Identity', 'any-ref', '{workload: {issuer: https://ci, claims: {project_id: "43"}}}'],
  ['Identity', 'release', '{workload: {issuer: https://ci, claims: {project_id: "43", ref: main}}}'],
  ['Identity', 'by-sub', '{workload: {issuer: https://k8s, claims: {sub: "system:serviceaccount:a:b"}}}'],
  ['Group', 'listed', '{members: [alice]}'],
  ['Group', 'claimed', '{fromClaim: {issuer: https://idp, claim: groups, value: readers}}'],
]);
const token = (issuer: string, subject: string, claims: Record<string, unknown> = {}) => ({
  issuer,
  subject,
  claims,
  issuedAt: 0,
  expiresAt: 1,
});

test.each([
  ['a person', token('https://idp', 'a'), 'alice'],
  ['a second account', token('https://old', '7'), 'alice'],
  ['the subject of another issuer', token('https://ci', 'a'), undefined],
  ['all claims equal', token('https://ci', 'x', { project_id: '42', ref: 'main', more: true }), 'deploy'],
  ['a number as text', token('https://ci', 'x', { project_id: 42, ref: 'main' }), 'deploy'],
  ['one claim differs', token('https://ci', 'x', { project_id: '42', ref: 'dev' }), undefined],
  ['one claim missing', token('https://ci', 'x', { project_id: '42' }), undefined],
  ['a list is not the text', token('https://ci', 'x', { project_id: ['42'], ref: 'main' }), undefined],
  [
    'an inherited property is no claim',
    token('https://ci', 'x', Object.create({ project_id: '42', ref: 'main' })),
    undefined,
  ],
  ['two match: refused', token('https://ci', 'x', { project_id: '43', ref: 'main' }), undefined],
  ['only one of the two', token('https://ci', 'x', { project_id: '43', ref: 'dev' }), 'any-ref'],
  ['by subject claim', token('https://k8s', 'system:serviceaccount:a:b'), 'by-sub'],
])('%s', (_name, claims, expected) => {
  const match = matchIdentity(set, claims);
  expect('refused' in match ? undefined : match.identity).toBe(expected);
});

test('a refusal names the Identities, not the token', () => {
  expect(matchIdentity(set, token('https://ci', 'secret', { project_id: '43', ref: 'main' }))).toEqual({
    refused: 'the token matches 2 Identities: any-ref, release',
  });
});

test('groups come from lists and from claims of the right issuer', () => {
  const groups = (issuer: string, subject: string, value: unknown) => {
    const match = matchIdentity(set, token(issuer, subject, { groups: value }));
    return 'refused' in match ? match : [match.claimGroups, groupsOf(set.groups, match)];
  };
  expect(groups('https://idp', 'a', ['x', 'readers'])).toEqual([['claimed'], ['claimed', 'listed']]);
  expect(groups('https://idp', 'a', 'readers')).toEqual([['claimed'], ['claimed', 'listed']]);
  expect(groups('https://idp', 'a', 'readers2')).toEqual([[], ['listed']]);
  expect(groups('https://old', '7', ['readers'])).toEqual([[], ['listed']]);
});

test('the digest of bindings follows what proves, in any order', () => {
  const digest = (spec: string) => bindingsDigest(policySetOf([['Identity', 'x', spec]]).identities.get('x')!);
  const two = digest('{person: {oidc: [{issuer: https://i, subject: a}, {issuer: https://i, subject: b}]}}');
  expect(two).toMatch(/^[0-9a-f]{64}$/);
  expect(digest('{person: {oidc: [{subject: b, issuer: https://i}, {issuer: https://i, subject: a}]}}')).toBe(two);
  expect(
    digest('{person: {emails: [a@b.c], oidc: [{subject: b, issuer: https://i}, {issuer: https://i, subject: a}]}}'),
  ).toBe(two);
  expect(digest('{person: {oidc: [{issuer: https://i, subject: a}]}}')).not.toBe(two);
});
