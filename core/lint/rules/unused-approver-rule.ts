import type { LintRule } from '../rule.ts';

/** An ApproverRule that asks nobody. */
export const unusedApproverRule: LintRule = {
  id: 'unused/approver-rule',
  level: 'warn',
  summary: 'An ApproverRule that no policy or stream names.',
  why: 'Its signatures look demanded and are not.',
  avoid:
    'kind: ApproverRule\nmetadata: { name: two-owners }\nspec:\n  require:\n    all:\n      - { from: owners, count: 2 }\n# and no policy has approval: two-owners',
  prefer:
    'kind: Stream\nmetadata: { name: orders }\nspec:\n  cluster: main\n  topics:\n    - prefix: orders.\n  minimumApproval: two-owners',
  *check({ set }) {
    const used = new Set([
      ...[...set.policies.values()].map(({ approval }) => approval),
      ...[...set.streams.values()].map(({ minimumApproval }) => minimumApproval),
    ]);
    for (const rule of set.approverRules.values()) {
      if (used.has(rule.name)) continue;
      yield {
        document: rule,
        message: `nothing asks for approver rule '${rule.name}'`,
        fix: 'remove it, or name it as approval or minimumApproval',
      };
    }
  },
};
