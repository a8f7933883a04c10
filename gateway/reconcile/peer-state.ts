/** The part of the state that peers are told, and what of a peer's is taken over without any judging: what takes away. */
import type { PeerEvidence } from '../../core/admission/peer-evidence.ts';
import type { Tombstone } from '../../core/model/right.ts';
import type { GatewayState } from '../state/state-store.ts';
import { isOver } from './ended.ts';
import { seenAt } from './narrowing.ts';

/** What this gateway tells its peers. Times in epoch ms. */
export function toldToPeers(
  state: GatewayState,
  from: { readonly gateway: string; readonly branch: string },
  now: number,
): PeerEvidence {
  const { repoId, judgedCommit, tombstones, deletedGrants } = state;
  const live = Object.values(state.grants).filter(
    ({ grant }) => grant.end > now && !grant.firstUse && !isOver(state, grant),
  );
  return {
    version: 1,
    ...from,
    repoId,
    exportedAt: now,
    judgedCommit,
    grants: live.flatMap(({ grant: { uid, name, end }, evidence }) =>
      evidence
        ? [{ uid, name, end, evidence: structuredClone(evidence) as PeerEvidence['grants'][number]['evidence'] }]
        : [],
    ),
    revocations: tombstones
      .filter((tombstone) => inForce(tombstone, now))
      .map(({ name, target, until }) => ({ name, ...target, ...(until === undefined ? {} : { until }) })),
    deletedGrants: [...deletedGrants],
  };
}

/** The state with what a peer knows to be over. Nothing here gives a right. The same state when nothing is new. */
export function narrowedByPeer(state: GatewayState, said: PeerEvidence, now: number): GatewayState {
  const revoked = said.revocations
    .flatMap(({ name, grant, subject, until }): Omit<Tombstone, 'seenAt'>[] => {
      if ((grant === undefined) === (subject === undefined)) return []; // it has to be of one
      return [{ name, target: grant === undefined ? { subject: subject! } : { grant }, until }];
    })
    .filter((one) => inForce(one, now) && !state.tombstones.some((known) => covers(known, one, now)))
    .map((one) => ({ ...one, seenAt: seenAt(state, one.target, now) }));
  const deleted = said.deletedGrants.filter((uid) => !state.deletedGrants.includes(uid));
  const shorter = said.grants.flatMap(({ uid, end }) => {
    const entry = state.grants[uid];
    if (!entry || entry.grant.firstUse || entry.grant.end <= end) return [];
    return [[uid, { ...entry, grant: { ...entry.grant, start: Math.min(entry.grant.start, end), end } }] as const];
  });
  if (revoked.length === 0 && deleted.length === 0 && shorter.length === 0) return state;
  return {
    ...state,
    tombstones: [...state.tombstones, ...revoked],
    deletedGrants: [...state.deletedGrants, ...deleted],
    grants: { ...state.grants, ...Object.fromEntries(shorter) },
  };
}

type Revoked = Pick<Tombstone, 'name' | 'target' | 'until'>;

function inForce({ target, until }: Pick<Tombstone, 'target' | 'until'>, now: number): boolean {
  return 'grant' in target || until === undefined || until > now;
}

/** The same revocation, held for as long at least; or one that the owners lifted here, which a peer does not undo. */
function covers(known: Revoked, { name, target, until }: Revoked, now: number): boolean {
  if (known.name !== name || JSON.stringify(known.target) !== JSON.stringify(target)) return false;
  return known.until === undefined || known.until <= now || (until !== undefined && known.until >= until);
}
