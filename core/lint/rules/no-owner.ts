import type { LintRule } from '../rule.ts';

/** A stream nobody answers for. */
export const noOwner: LintRule = {
  id: 'ownership/no-owner',
  level: 'warn',
  summary: 'A Stream without owners on a Cluster without owners.',
  why: 'Nobody is there to ask who should read it.',
  avoid: 'kind: Stream\nmetadata: { name: orders }\nspec:\n  cluster: main\n  topics:\n    - prefix: orders.',
  prefer:
    'kind: Stream\nmetadata: { name: orders }\nspec:\n  cluster: main\n  topics:\n    - prefix: orders.\n  owners: [owners]',
  *check({ set }) {
    for (const stream of set.streams.values()) {
      if (stream.owners.length > 0 || (set.clusters.get(stream.cluster)?.owners.length ?? 0) > 0) continue;
      yield { document: stream, message: `nobody owns stream '${stream.name}'`, fix: 'add owners: with a group' };
    }
  },
};
