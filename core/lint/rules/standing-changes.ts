import type { LintRule } from '../rule.ts';
import { listedIdentities } from '../subjects.ts';

/** People who may destroy at any time. */
export const standingChanges: LintRule = {
  id: 'access/standing-changes',
  level: 'warn',
  summary: 'A standing policy that lets people alter or delete topics.',
  why: 'One wrong command ends a stream, and nobody was asked. Workloads that manage topics are not meant.',
  avoid:
    'kind: AccessPolicy\nmetadata: { name: platform }\nspec:\n  mode: standing\n  subjects:\n    - group: platform\n  streams: [orders]\n  operations: [alter, delete]',
  prefer:
    'kind: AccessPolicy\nmetadata: { name: platform-on-request }\nspec:\n  mode: onRequest\n  subjects:\n    - group: platform\n  streams: [orders]\n  operations: [alter, delete]\n  limits: { maxDuration: PT1H }\n  approval: owners',
  *check({ set }) {
    for (const policy of set.policies.values()) {
      if (policy.effect === 'deny' || policy.mode !== 'standing') continue;
      const changes = policy.operations.filter((operation) => operation === 'alter' || operation === 'delete');
      const people = policy.subjects
        .flatMap((one) => listedIdentities(set, one))
        .some((name) => set.identities.get(name)?.person);
      if (changes.length === 0 || !people) continue;
      yield {
        document: policy,
        path: ['spec', 'operations'],
        message: `policy '${policy.name}' lets people ${changes.join(' and ')} at any time`,
        fix: 'move these operations into a policy with mode: onRequest',
      };
    }
  },
};
