import type { LintRule } from '../rule.ts';

/** Grants without a bound. */
export const noMaxDuration: LintRule = {
  id: 'scope/no-max-duration',
  level: 'warn',
  summary: 'A policy with mode onRequest and no limits.maxDuration.',
  why: 'A grant may then ask for years: it is standing access that was approved once.',
  avoid:
    'kind: AccessPolicy\nmetadata: { name: orders-read }\nspec:\n  mode: onRequest\n  subjects:\n    - group: oncall\n  streams: [orders]\n  operations: [consume]\n  approval: owners',
  prefer:
    'kind: AccessPolicy\nmetadata: { name: orders-read }\nspec:\n  mode: onRequest\n  subjects:\n    - group: oncall\n  streams: [orders]\n  operations: [consume]\n  limits: { maxDuration: PT4H }\n  approval: owners',
  *check({ set }) {
    for (const policy of set.policies.values()) {
      if (policy.effect === 'deny' || policy.mode !== 'onRequest' || policy.limits.maxDuration !== undefined) continue;
      yield {
        document: policy,
        message: `a grant under policy '${policy.name}' may last as long as it likes`,
        fix: 'add limits: { maxDuration: PT4H }',
      };
    }
  },
};
