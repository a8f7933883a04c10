import { didYouMean } from '../../core/load/nearest.ts';
import type { Conditions } from '../telemetry/conditions.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Says which clusters of gateway.yaml the rules know nothing of: on these nobody gets anything. */
export function showKnownClusters(
  conditions: Pick<Conditions, 'set' | 'get'>,
  log: Pick<Logger, 'warn'>,
  configured: readonly string[],
  known: ReadonlyMap<string, unknown>,
): void {
  const strange = configured.filter((name) => !known.has(name));
  if (strange.length === 0) {
    conditions.set('ClustersKnown', 'True', 'Known', 'the policy repo has every cluster of gateway.yaml');
    return;
  }
  const words = strange.map((name) => [`'${name}'`, didYouMean(name, known.keys())].filter(Boolean).join(': '));
  const message = `the policy repo has no Cluster ${words.join('; ')}: nobody gets anything there`;
  if (conditions.get('ClustersKnown')?.message !== message) log.warn(message, { code: 'NoClusterDocument' });
  conditions.set('ClustersKnown', 'False', 'NoClusterDocument', message);
}
