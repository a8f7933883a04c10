import type { LintRule } from '../rule.ts';

/** Approvers whose signatures no longer count. */
export const expiredKeys: LintRule = {
  id: 'approval/expired-keys',
  level: 'warn',
  summary: 'A member of an approving Group whose signing keys have all expired.',
  why: 'They are counted on and cannot sign: with plain git their approvals are refused.',
  avoid:
    'kind: Identity\nmetadata: { name: bob }\nspec:\n  person:\n    signingKeys:\n      - { key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICY8b3I8O7gLY39xBcOGioBMYucnVXxub5M2dXo3wcHU, validTo: 2020-01-01T00:00:00Z }',
  prefer:
    'kind: Identity\nmetadata: { name: bob }\nspec:\n  person:\n    signingKeys:\n      - { key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICY8b3I8O7gLY39xBcOGioBMYucnVXxub5M2dXo3wcHU, validFrom: 2026-01-01T00:00:00Z }',
  *check({ set, now }) {
    const groups = [...set.approverRules.values()].flatMap(({ require }) => require.clauses.map(({ from }) => from));
    const approvers = new Set(groups.flatMap((name) => set.groups.get(name)?.members ?? []));
    for (const identity of set.identities.values()) {
      const keys = identity.person?.signingKeys ?? [];
      if (!approvers.has(identity.name) || keys.length === 0) continue;
      if (keys.some(({ validTo }) => validTo === undefined || validTo > now)) continue;
      yield {
        document: identity,
        path: ['spec', 'person', 'signingKeys'],
        message: `no key of approver '${identity.name}' is valid any more`,
        fix: 'add a key, or take them out of the approving group',
      };
    }
  },
};
