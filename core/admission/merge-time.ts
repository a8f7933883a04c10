import { formatInstant } from '../clock/instant.ts';

/**
 * Why a merger's signed time cannot be: later than the gateway's clock allows, or before a merge that this one stands
 * on. Without the second, whoever holds a key that is no longer valid, or an approval that has expired, could sign for
 * a time at which it still counted. All in ms.
 */
export function mergeTimeProblem(
  mergedAt: number,
  facts: { readonly now: number; readonly maxSkew: number; readonly lastMergedAt: number },
): string | undefined {
  if (mergedAt > facts.now + facts.maxSkew)
    return `the merge is signed for ${formatInstant(mergedAt)}, which is still to come`;
  if (mergedAt < facts.lastMergedAt - facts.maxSkew)
    return `the merge is signed for ${formatInstant(mergedAt)}, but it stands on one of ${formatInstant(facts.lastMergedAt)}`;
  return undefined;
}
