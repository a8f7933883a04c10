import type { When } from '../model/documents.ts';
import type { Snapshot } from '../model/snapshot.ts';

/**
 * The same rules as if every condition that is open to hope were met where it allows and not where it denies; the same
 * object when there is none.
 */
export function hopefulSnapshot(snapshot: Snapshot, isOpen: (when: When) => boolean = () => true): Snapshot {
  const { policies } = snapshot.policies;
  const open = (when: When | undefined): boolean => when !== undefined && isOpen(when);
  if (![...policies.values()].some(({ when }) => open(when))) return snapshot;
  const kept = [...policies].filter(([, { effect, when }]) => effect === 'allow' || !open(when));
  const hopeful = new Map(
    kept.map(([name, policy]) => [name, open(policy.when) ? { ...policy, when: undefined } : policy]),
  );
  return { ...snapshot, policies: { ...snapshot.policies, policies: hopeful } };
}
