import type { LintRule } from '../rule.ts';

/** Masks that are lifted, and nobody says what for. */
export const unmaskUnexplained: LintRule = {
  id: 'access/unmask-unexplained',
  level: 'warn',
  summary: 'A policy that lifts mask rules and has no description.',
  why: 'Who approves a grant under it cannot tell what the clear text is for.',
  avoid:
    'kind: AccessPolicy\nmetadata: { name: orders-clear }\nspec:\n  mode: onRequest\n  subjects:\n    - group: oncall\n  streams: [orders]\n  operations: [consume]\n  limits: { maxDuration: PT1H }\n  approval: owners\n  unmask: [orders-personal-data/e-mail]',
  prefer:
    'kind: AccessPolicy\nmetadata: { name: orders-clear }\nspec:\n  description: E-mail addresses, to reach the customers of a failed order.\n  mode: onRequest\n  subjects:\n    - group: oncall\n  streams: [orders]\n  operations: [consume]\n  limits: { maxDuration: PT1H }\n  approval: owners\n  unmask: [orders-personal-data/e-mail]',
  *check({ set, has }) {
    for (const policy of set.policies.values()) {
      if (policy.unmask.length === 0 || has(policy, ['spec', 'description'])) continue;
      yield {
        document: policy,
        path: ['spec', 'unmask'],
        message: `policy '${policy.name}' lifts ${policy.unmask.join(', ')} and does not say what for`,
        fix: 'add a description',
      };
    }
  },
};
