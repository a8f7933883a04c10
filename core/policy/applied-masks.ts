import type { AppliedMask } from '../model/decision.ts';
import type { MaskPolicy, Stream } from '../model/documents.ts';
import type { Question, StreamRight } from './stream-rights.ts';

/**
 * Masks of a read or write on a topic of these streams: all of all streams, united. A rule is lifted only by a live
 * grant that lifted it at its admission, when the rule stood already, and whose policy still does; a mask that comes
 * from two streams has to be lifted on both. A MaskPolicy with nothing left to hide is left out.
 */
export function appliedMasks(
  { index, operation }: Question,
  streams: readonly { readonly stream: Stream; readonly rights: readonly StreamRight[] }[],
): AppliedMask[] {
  if (operation !== 'consume' && operation !== 'produce') return [];
  const applied = new Map<string, { policy: MaskPolicy; lifted: readonly string[] }>();
  for (const { stream, rights } of streams) {
    for (const policy of index.masksOf.get(stream.name) ?? []) {
      if (!policy.on.includes(operation)) continue;
      const lifted = policy.rules.map((rule) => rule.name).filter((rule) => isLifted(`${policy.name}/${rule}`, rights));
      const other = applied.get(policy.name);
      applied.set(policy.name, {
        policy,
        lifted: other ? lifted.filter((rule) => other.lifted.includes(rule)) : lifted,
      });
    }
  }
  return [...applied.values()]
    .filter(({ policy, lifted }) => lifted.length < policy.rules.length)
    .sort((a, b) => (a.policy.name < b.policy.name ? -1 : 1));
}

function isLifted(id: string, rights: readonly StreamRight[]): boolean {
  return rights.some(
    ({ state, policy, grant }) =>
      state === 'live' &&
      grant !== undefined &&
      policy.unmask.includes(id) &&
      grant.unmask.includes(id) &&
      grant.masksAtAdmission.includes(id),
  );
}
