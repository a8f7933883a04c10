import type { PolicySet } from '../model/documents.ts';
import { unacknowledged } from '../plan/limits.ts';
import { judgeLimits } from '../plan/plan-of.ts';

/**
 * What is wrong with a change of the rules that goes beyond a safety limit and whose `sluice.yaml` does not name the
 * digest of what it widens; undefined when nothing is. Whoever approved the change approved that word with it. What only
 * takes away never needs it.
 */
export function acknowledgementProblem(before: PolicySet, after: PolicySet): string | undefined {
  const judged = judgeLimits(before, after);
  if (!unacknowledged(judged, after.repo)) return undefined;
  const limits = judged.limits.slice(0, 5).map(({ message }) => message);
  const more = judged.limits.length - limits.length;
  return [
    `it goes beyond a safety limit, and sluice.yaml does not say that this is meant: ${limits.join('; ')}`,
    ...(more > 0 ? [`and ${more} more`] : []),
    `take it back, and if it is meant, propose it again with ${judged.digest} in spec.acknowledge (sluice plan shows why)`,
  ].join('; ');
}
