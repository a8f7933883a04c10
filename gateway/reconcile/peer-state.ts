/** The part of the state that peers are told, and what of a peer's is taken over without any judging: what takes away. */
import { longestPeerEvidence, type PeerEvidence } from '../../core/admission/peer-evidence.ts';
import { AccessError } from '../../core/errors/sluice-error.ts';
import type { Tombstone } from '../../core/model/right.ts';
import { validatePeerEvidence } from '../../core/schema/peer-evidence.ts';
import type { GatewayState } from '../state/state-store.ts';
import { isOver } from './ended.ts';
import { seenAt } from './narrowing.ts';

/** As the schema says. */
const mostTold = 2000;
/** Characters of a note for what is not a grant's: names, signature. */
const room = 10_000;
/** Revocations that are held after a peer told some: more are no policy, and each is looked at at every decision. */
const mostTombstones = 20_000;

/**
 * What this gateway tells its peers; times in epoch ms. All that is over comes first and whole. Grants that cannot be told
 * or find no room any more are counted: they are refused at the peer, as they were.
 */
export function toldToPeers(
  state: GatewayState,
  from: { readonly gateway: string; readonly branch: string },
  now: number,
): PeerEvidence {
  const { repoId, judgedCommit, tombstones, deletedGrants } = state;
  const live = Object.values(state.grants).filter(
    ({ grant, evidence }) => grant.end > now && evidence && !grant.firstUse && !isOver(state, grant),
  );
  const base: PeerEvidence = {
    ...{ version: 1, ...from, repoId, exportedAt: now, judgedCommit, leftOut: 0, grants: [] },
    revocations: tombstones
      .filter((tombstone) => inForce(tombstone, now))
      .map(({ name, target, until }) => ({ name, ...target, ...(until === undefined ? {} : { until }) })),
    deletedGrants: [...new Set(deletedGrants)],
  };
  let left = longestPeerEvidence - room - JSON.stringify(base).length;
  if (left < 0) {
    const fix = 'have the owners remove revocations that nobody needs any more';
    throw new AccessError('PeerRefused', 'there is more over than a note can hold', { fix });
  }
  const grants: PeerEvidence['grants'] = [];
  const canBeTold = (told: PeerEvidence['grants'][number]): boolean =>
    validatePeerEvidence({ ...base, revocations: [], deletedGrants: [], grants: [told] });
  for (const { grant, evidence } of live.toSorted((a, b) => b.grant.start - a.grant.start)) {
    const { uid, name, end } = grant;
    const told = { uid, name, end, evidence } as PeerEvidence['grants'][number];
    const size = JSON.stringify(told).length + 1;
    if (size > left || grants.length >= mostTold || !canBeTold(told)) continue;
    left -= size;
    grants.push(told);
  }
  return { ...base, grants, leftOut: live.length - grants.length };
}

/** The state with what a peer knows to be over. Nothing here gives a right. The same state when nothing is new. */
export function narrowedByPeer(state: GatewayState, said: PeerEvidence, now: number): GatewayState {
  const known = Map.groupBy(state.tombstones, keyOf);
  const revoked = new Map<string, Tombstone>();
  for (const { name, grant, subject, until } of said.revocations) {
    if ((grant === undefined) === (subject === undefined)) continue; // it has to be of one
    const one = { name, target: grant === undefined ? { subject: subject! } : { grant }, until };
    const key = keyOf(one);
    if (!inForce(one, now) || known.get(key)?.some((other) => covers(other, one))) continue;
    revoked.set(`${key} ${until ?? ''}`, { ...one, seenAt: seenAt(state, one.target, now) });
  }
  if (revoked.size > 0 && state.tombstones.length + revoked.size > mostTombstones) {
    throw new AccessError('PeerRefused', 'the peer tells of more revocations than are taken', {
      why: `with it there would be ${state.tombstones.length + revoked.size}; ${mostTombstones} are the most`,
    });
  }
  const over = new Set(state.deletedGrants);
  const here = new Set([
    ...Object.keys(state.grants),
    ...state.refusals.flatMap((one) => (one.kind === 'grant' ? [one.uid] : [])),
  ]);
  const deleted = [...new Set(said.deletedGrants)].filter((uid) => here.has(uid) && !over.has(uid));
  const shorter = said.grants.flatMap(({ uid, end }) => {
    const entry = Object.hasOwn(state.grants, uid) ? state.grants[uid] : undefined;
    if (!entry || entry.grant.firstUse || entry.grant.end <= end) return [];
    return [[uid, { ...entry, grant: { ...entry.grant, start: Math.min(entry.grant.start, end), end } }] as const];
  });
  if (revoked.size === 0 && deleted.length === 0 && shorter.length === 0) return state;
  return {
    ...state,
    tombstones: [...state.tombstones, ...revoked.values()],
    deletedGrants: [...state.deletedGrants, ...deleted],
    grants: { ...state.grants, ...Object.fromEntries(shorter) },
  };
}

type Revoked = Pick<Tombstone, 'name' | 'target' | 'until'>;

function inForce({ target, until }: Pick<Tombstone, 'target' | 'until'>, now: number): boolean {
  return 'grant' in target || until === undefined || until > now;
}

function keyOf({ name, target }: Pick<Tombstone, 'name' | 'target'>): string {
  return JSON.stringify([name, Object.entries(target)[0]]);
}

/** Of the same revocation: held for as long at least, or lifted by the owners here, which a peer does not undo. */
function covers(known: Tombstone, { until }: Revoked): boolean {
  return known.lifted === true || known.until === undefined || (until !== undefined && known.until >= until);
}
