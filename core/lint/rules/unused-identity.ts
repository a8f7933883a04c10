import { issuersOf } from '../../policy/match-identity.ts';
import type { LintRule } from '../rule.ts';

/** An Identity that gets nothing. */
export const unusedIdentity: LintRule = {
  id: 'unused/identity',
  level: 'warn',
  summary: 'An Identity that is in no Group and that no policy or grant names.',
  why: 'It can log in and do nothing: a leftover, or somebody who was forgotten in a Group.',
  avoid:
    'kind: Identity\nmetadata: { name: zoe }\nspec:\n  person:\n    oidc:\n      - { issuer: https://idp.example.com, subject: 00uz9 }\n# and no group or policy names zoe',
  prefer: 'kind: Group\nmetadata: { name: oncall }\nspec:\n  members: [alice, bob, zoe]',
  *check({ set }) {
    const groups = [...set.groups.values()];
    const used = new Set([
      ...groups.flatMap(({ members }) => members),
      ...[...set.policies.values()].flatMap(({ subjects }) =>
        subjects.flatMap((one) => ('identity' in one ? [one.identity] : [])),
      ),
      ...[...set.grants.values()].flatMap(({ subject, requestedBy }) => [subject, requestedBy]),
      ...[...set.identities.values()].flatMap(({ person }) => person?.aliases ?? []),
      ...[...set.revocations.values()].flatMap(({ target }) => ('subject' in target ? [target.subject] : [])),
    ]);
    const issuers = new Set(groups.flatMap(({ fromClaim }) => fromClaim?.issuer ?? []));
    for (const identity of set.identities.values()) {
      if (used.has(identity.name) || issuersOf(identity).some((issuer) => issuers.has(issuer))) continue;
      yield {
        document: identity,
        message: `nothing names identity '${identity.name}'`,
        fix: 'remove it, or put it into a group',
      };
    }
  },
};
