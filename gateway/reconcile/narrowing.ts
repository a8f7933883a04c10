import type { Tombstone } from '../../core/model/right.ts';
import type { NarrowingDocuments } from '../../core/source/revision.ts';
import type { GatewayState } from '../state/state-store.ts';

/**
 * The narrow-only lane: what the newest commit says that can only take away holds at once, whoever wrote it. A new
 * Revocation becomes a tombstone, a Grant whose document is gone is over. Nothing here ever gives a right back.
 * Returns the same state when nothing is new.
 */
export function narrow(state: GatewayState, documents: NarrowingDocuments, now: number): GatewayState {
  const known = new Set(state.tombstones.map(({ name }) => name));
  const fresh: Tombstone[] = documents.revocations
    .filter(({ name }) => !known.has(name))
    .map(({ name, target, until }) => ({ name, target, until, seenAt: now }));
  const deleted = Object.keys(state.grants).filter(
    (uid) => !documents.grantUids.has(uid) && !state.deletedGrants.includes(uid),
  );
  if (fresh.length === 0 && deleted.length === 0) return state;
  return {
    ...state,
    tombstones: [...state.tombstones, ...fresh],
    deletedGrants: [...state.deletedGrants, ...deleted],
  };
}
