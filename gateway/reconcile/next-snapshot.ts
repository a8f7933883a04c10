/** What the state comes to in the snapshot that the data path decides by. */
import type { AdmittedGrant } from '../../core/model/right.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { GatewayState } from '../state/state-store.ts';

/** Whether a grant ends earlier, or a revocation is new, in the next snapshot. */
export function takesAway(before: Snapshot, next: Snapshot): boolean {
  if (before.tombstones !== next.tombstones) return true;
  return [...before.grants.values()].some(({ uid, end }) => (next.grants.get(uid)?.end ?? 0) < end);
}

/** The snapshot that is in force, without what the next one takes away. */
export function narrowed(before: Snapshot, next: Snapshot): Snapshot {
  const grants = [...before.grants.values()].flatMap((grant) => {
    const later = next.grants.get(grant.uid);
    return later ? [{ ...grant, end: Math.min(grant.end, later.end) }] : [];
  });
  return {
    ...before,
    generation: next.generation,
    grants: new Map(grants.map((grant) => [grant.uid, grant])),
    tombstones: next.tombstones,
  };
}

export function liveGrants(state: GatewayState): ReadonlyMap<string, AdmittedGrant> {
  const deleted = new Set(state.deletedGrants);
  return new Map(
    Object.values(state.grants)
      .map(({ grant }) => grant)
      .filter(({ uid }) => !deleted.has(uid))
      .map((grant) => [grant.uid, grant]),
  );
}

export function sameRights(a: GatewayState, b: GatewayState): boolean {
  return (
    a.admittedCommit === b.admittedCommit &&
    a.grants === b.grants &&
    a.deletedGrants === b.deletedGrants &&
    a.tombstones === b.tombstones
  );
}
