import type { LintRule } from '../rule.ts';

/** A Cluster without streams. */
export const unusedCluster: LintRule = {
  id: 'unused/cluster',
  level: 'warn',
  summary: 'A Cluster that no Stream is on.',
  why: 'A gateway in front of it lets nothing through.',
  avoid: 'kind: Cluster\nmetadata: { name: second }\nspec:\n  type: kafka\n# and no stream has cluster: second',
  prefer: 'kind: Stream\nmetadata: { name: orders-copy }\nspec:\n  cluster: second\n  topics:\n    - prefix: orders.',
  *check({ set }) {
    const used = new Set([...set.streams.values()].map(({ cluster }) => cluster));
    for (const cluster of set.clusters.values()) {
      if (used.has(cluster.name)) continue;
      yield {
        document: cluster,
        message: `no stream is on cluster '${cluster.name}'`,
        fix: 'remove it, or add its streams',
      };
    }
  },
};
