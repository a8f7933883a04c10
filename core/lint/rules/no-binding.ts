import type { LintRule } from '../rule.ts';

/** A person whom no login can be. */
export const noBinding: LintRule = {
  id: 'identity/no-binding',
  level: 'warn',
  summary: 'A person without an OIDC subject, a forge account and a signing key.',
  why: 'No token and no signature is theirs: they can neither connect nor approve.',
  avoid: 'kind: Identity\nmetadata: { name: zoe }\nspec:\n  person:\n    emails: [zoe@example.com]',
  prefer:
    'kind: Identity\nmetadata: { name: zoe }\nspec:\n  person:\n    oidc:\n      - { issuer: https://idp.example.com, subject: 00uz9 }\n    emails: [zoe@example.com]',
  *check({ set }) {
    for (const identity of set.identities.values()) {
      const { person } = identity;
      if (!person || person.oidc.length + person.accounts.length + person.signingKeys.length > 0) continue;
      yield {
        document: identity,
        message: `nothing proves that somebody is '${identity.name}'`,
        fix: 'add oidc with the subject of their account',
      };
    }
  },
};
