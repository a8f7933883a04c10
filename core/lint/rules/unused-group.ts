import type { LintRule } from '../rule.ts';

/** A Group that nothing names. */
export const unusedGroup: LintRule = {
  id: 'unused/group',
  level: 'warn',
  summary: 'A Group that no policy, approver rule or owner names.',
  why: 'Who joins it believes to have been given something. The next policy that names it gives to people nobody looked at for a long time.',
  avoid: 'kind: Group\nmetadata: { name: support }\nspec:\n  members: [alice, bob]\n# and nothing names support',
  prefer:
    'kind: AccessPolicy\nmetadata: { name: support-reads-orders }\nspec:\n  mode: standing\n  subjects:\n    - group: support\n  streams: [orders]\n  operations: [consume]',
  *check({ set }) {
    const policies = [...set.policies.values()];
    const used = new Set([
      ...policies.flatMap(({ subjects }) => subjects.flatMap((one) => ('group' in one ? [one.group] : []))),
      ...policies.flatMap(({ breakGlass }) => breakGlass?.notify ?? []),
      ...[...set.approverRules.values()].flatMap(({ require }) => require.clauses.map(({ from }) => from)),
      ...[...set.clusters.values(), ...set.streams.values()].flatMap(({ owners }) => owners),
    ]);
    const inCondition = (name: string): boolean =>
      policies.some(({ when }) => when?.readsPrincipal && when.text.includes(name));
    for (const group of set.groups.values()) {
      if (used.has(group.name) || inCondition(group.name)) continue;
      yield {
        document: group,
        message: `nothing names group '${group.name}'`,
        fix: 'remove it, or name it where it is meant',
      };
    }
  },
};
