import type { LintRule } from '../rule.ts';
import { scopeWithin, subjectsWithin } from '../subjects.ts';

/** An allow that a deny takes away whole. */
export const deniedPolicy: LintRule = {
  id: 'redundant/denied-policy',
  level: 'warn',
  summary: 'A policy that allows what another always denies.',
  why: 'A deny beats every allow and every grant: the policy never gives anything, and requests under it are approved for nothing.',
  avoid:
    'kind: AccessPolicy\nmetadata: { name: contractors-read }\nspec:\n  mode: standing\n  subjects:\n    - group: contractors # denied on customers by another policy\n  streams: [customers]\n  operations: [consume]',
  prefer:
    'kind: AccessPolicy\nmetadata: { name: no-contractors }\nspec:\n  effect: deny\n  subjects:\n    - group: contractors\n  streams: [customers]\n  operations: [consume, produce]',
  *check({ set }) {
    const denies = [...set.policies.values()].filter(
      ({ effect, limits, when, groups, transactionalIds }) =>
        effect === 'deny' && !limits.hours && !when && !groups && !transactionalIds,
    );
    for (const policy of set.policies.values()) {
      if (policy.effect === 'deny') continue;
      const deny = denies.find((one) => scopeWithin(policy, one) && subjectsWithin(set, policy, one));
      if (!deny) continue;
      yield {
        document: policy,
        message: `policy '${deny.name}' denies all that '${policy.name}' allows`,
        fix: 'remove one of them',
      };
    }
  },
};
