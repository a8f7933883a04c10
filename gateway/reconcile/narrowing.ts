import type { AdmittedGrant, Tombstone } from '../../core/model/right.ts';
import type { NarrowingDocuments } from '../../core/source/revision.ts';
import type { GatewayState } from '../state/state-store.ts';

/**
 * The narrow-only lane: what a commit says that can only take away holds at once, whoever wrote it. A new Revocation
 * becomes a tombstone, a Grant whose document is gone or was renamed is over, one whose window was made shorter ends
 * earlier. Nothing here ever gives a right back. Returns the same state when nothing is new.
 */
export function narrow(state: GatewayState, documents: NarrowingDocuments, now: number): GatewayState {
  const known = new Set(state.tombstones.map(keyOf));
  const fresh: Tombstone[] = documents.revocations
    .filter((revocation) => !known.has(keyOf(revocation)))
    .map(({ name, target, until }) => ({ name, target, until, seenAt: seenAt(state, target, now) }));
  const byUid = Map.groupBy(documents.grants, ({ uid }) => uid);
  const deleted: string[] = [];
  const shortened: Record<string, GatewayState['grants'][string]> = {};
  for (const [uid, entry] of Object.entries(state.grants)) {
    if (state.deletedGrants.includes(uid) || entry.grant.emergency) continue; // which no Grant document is of
    // A renamed document would no longer be found by a revocation of the name that it has now.
    const own = byUid.get(uid)?.filter(({ name }) => name === entry.grant.name) ?? [];
    if (own.length === 0) deleted.push(uid);
    const end = Math.min(entry.grant.end, ...own.map((document) => endOf(entry.grant, document)));
    const shorter = shortenedTo(entry.grant, end, own);
    if (shorter) shortened[uid] = { ...entry, grant: shorter };
  }
  const shorter = Object.keys(shortened).length > 0;
  const refusals = withoutDocuments(state.refusals, byUid);
  if (fresh.length === 0 && deleted.length === 0 && !shorter && refusals === state.refusals) return state;
  return {
    ...state,
    refusals,
    grants: shorter ? { ...state.grants, ...shortened } : state.grants,
    tombstones: fresh.length > 0 ? [...state.tombstones, ...fresh] : state.tombstones,
    deletedGrants: deleted.length > 0 ? [...state.deletedGrants, ...deleted] : state.deletedGrants,
  };
}

/**
 * Refused grants whose documents are gone are marked: what a peer saw of them is of no use any more. Refused emergencies
 * have no such documents.
 */
function withoutDocuments(
  refusals: GatewayState['refusals'],
  byUid: ReadonlyMap<string, NarrowingDocuments['grants']>,
): GatewayState['refusals'] {
  const isGone = (one: GatewayState['refusals'][number]): boolean =>
    one.kind === 'grant' &&
    one.rules !== undefined &&
    !one.gone &&
    !byUid.get(one.uid)?.some(({ name }) => name === one.name);
  return refusals.some(isGone) ? refusals.map((one) => (isGone(one) ? { ...one, gone: true } : one)) : refusals;
}

/** Removals of Revocations that the owners signed: standing access of the subject comes back, no grant does. */
export function lift(tombstones: readonly Tombstone[], names: readonly string[], now: number): readonly Tombstone[] {
  const lifted = (tombstone: Tombstone): boolean =>
    names.includes(tombstone.name) &&
    'subject' in tombstone.target &&
    (tombstone.until === undefined || tombstone.until > now);
  if (!tombstones.some(lifted)) return tombstones;
  return tombstones.map((tombstone) =>
    lifted(tombstone) ? { ...tombstone, until: now, lifted: true as const } : tombstone,
  );
}

/** A changed Revocation is a new one beside the old: whoever can rewrite it must not be able to aim it elsewhere. */
function keyOf({ name, target, until }: Pick<Tombstone, 'name' | 'target' | 'until'>): string {
  return JSON.stringify([name, Object.entries(target)[0], until ?? null]);
}

/** Never before an admission that it has to end, whatever the clock did in between. */
export function seenAt(state: GatewayState, target: Tombstone['target'], now: number): number {
  if (!('subject' in target)) return now;
  const admissions = Object.values(state.grants).filter(({ grant }) => grant.subject === target.subject);
  return Math.max(now, ...admissions.map(({ grant }) => grant.admittedAt));
}

/** The grant with an earlier end, or less time from its first use; undefined when neither is new. */
function shortenedTo(
  grant: AdmittedGrant,
  end: number,
  documents: NarrowingDocuments['grants'],
): AdmittedGrant | undefined {
  const { firstUse } = grant;
  if (!firstUse) return end < grant.end ? { ...grant, end } : undefined;
  const duration = Math.min(firstUse.duration, ...documents.map((document) => document.duration));
  if (end >= grant.end && duration >= firstUse.duration) return undefined;
  return { ...grant, start: Math.min(grant.start, end), end, firstUse: { ...firstUse, duration } };
}

function endOf(grant: AdmittedGrant, document: NarrowingDocuments['grants'][number]): number {
  if (grant.firstUse) return document.notAfter ?? Number.POSITIVE_INFINITY;
  return Math.min(grant.start + document.duration, document.notAfter ?? Number.POSITIVE_INFINITY);
}
