import type { LintRule } from '../rule.ts';

const open = new Set(['public', 'open', 'internal', 'unclassified', 'none']);

/** Standing access to what is sensitive. */
export const standingClassified: LintRule = {
  id: 'access/standing-classified',
  level: 'warn',
  summary: 'A standing policy that lets people read or write a Stream with a classification above internal.',
  why: 'Nobody is asked and nothing ends. A stolen laptop has the access for as long as the policy stands.',
  avoid:
    'kind: AccessPolicy\nmetadata: { name: customers-read }\nspec:\n  mode: standing\n  subjects:\n    - group: oncall\n  streams: [customers] # classification: confidential\n  operations: [consume]',
  prefer:
    'kind: AccessPolicy\nmetadata: { name: customers-read }\nspec:\n  mode: onRequest\n  subjects:\n    - group: oncall\n  streams: [customers]\n  operations: [consume]\n  limits: { maxDuration: PT4H }\n  approval: owners',
  *check({ set }) {
    for (const policy of set.policies.values()) {
      if (policy.effect === 'deny' || policy.mode !== 'standing') continue;
      if (!policy.operations.some((operation) => operation === 'consume' || operation === 'produce')) continue;
      const people = policy.subjects.some((one) => 'group' in one || set.identities.get(one.identity)?.person);
      const classified = policy.streams.flatMap((name) => {
        const { classification } = set.streams.get(name) ?? {};
        return classification !== undefined && !open.has(classification) ? [`${name} (${classification})`] : [];
      });
      if (!people || classified.length === 0) continue;
      yield {
        document: policy,
        path: ['spec', 'streams'],
        message: `policy '${policy.name}' gives standing access to ${classified.join(', ')}`,
        fix: 'make it mode: onRequest with an approval',
      };
    }
  },
};
