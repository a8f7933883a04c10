import type { ApproverRule, PolicySet } from '../../model/documents.ts';
import type { LintRule } from '../rule.ts';
import { listedIdentities } from '../subjects.ts';

/** People whose requests nobody can approve. */
export const outOfReach: LintRule = {
  id: 'approval/out-of-reach',
  level: 'warn',
  summary: 'A policy with subjects whose requests too few people are left to approve, since nobody approves their own.',
  why: 'They can ask, and wait for ever.',
  avoid:
    'kind: ApproverRule\nmetadata: { name: lead }\nspec:\n  require:\n    all:\n      - { from: leads, count: 1 } # leads is bob alone, and bob may ask\n',
  prefer:
    'kind: ApproverRule\nmetadata: { name: lead }\nspec:\n  require:\n    any:\n      - { from: leads, count: 1 }\n      - { from: platform, count: 1 }',
  *check({ set }) {
    for (const policy of set.policies.values()) {
      if (policy.effect === 'deny' || policy.mode !== 'onRequest') continue;
      const names = [policy.approval, ...policy.streams.map((name) => set.streams.get(name)?.minimumApproval)];
      const rules = [...new Set(names)].flatMap((name) =>
        name === undefined ? [] : (set.approverRules.get(name) ?? []),
      );
      const people = new Set(policy.subjects.flatMap((one) => listedIdentities(set, one)));
      for (const rule of rules) {
        const stuck = [...people].filter((name) => set.identities.get(name)?.person && !canBeMet(set, rule, name));
        // A rule that nobody can meet at all is told by validate.
        if (stuck.length === 0 || !canBeMet(set, rule, undefined)) continue;
        yield {
          document: policy,
          path: ['spec', 'approval'],
          message: `too few are left to approve requests of ${stuck.sort().join(', ')} by rule '${rule.name}'`,
          fix: 'add somebody to its groups, or another way to meet it',
        };
      }
    }
  },
};

function canBeMet({ groups, identities }: PolicySet, { require }: ApproverRule, asks: string | undefined): boolean {
  const excluded = new Set(asks === undefined ? [] : [asks, ...(identities.get(asks)?.person?.aliases ?? [])]);
  const met = ({ from, count }: { readonly from: string; readonly count: number }): boolean =>
    (groups.get(from)?.members ?? []).filter((name) => !excluded.has(name)).length >= count;
  return require.match === 'all' ? require.clauses.every(met) : require.clauses.some(met);
}
