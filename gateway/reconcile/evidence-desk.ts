import { withOwnEvidence } from '../../core/admission/kept-evidence.ts';
import {
  formatPeerEvidence,
  longestPeerEvidence,
  type PeerEvidence,
  parsePeerEvidence,
} from '../../core/admission/peer-evidence.ts';
import { logOrigin } from '../../core/audit/checkpoint.ts';
import { type NoteSigner, noteVerifier, openNote } from '../../core/audit/signed-note.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import { AccessError, SluiceError } from '../../core/errors/sluice-error.ts';
import type { EvidenceSource } from '../../core/forge/evidence-source.ts';
import { isOnBranch } from '../../core/forge/on-branch.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { EvidenceTaken, GrantTaken, Reverified } from '../../core/model/admin-api.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { Refusal } from '../../core/model/verdict.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { AdmittedEntry, KeptRefusal, StateStore } from '../state/state-store.ts';
import { admissionOf } from './admission-event.ts';
import type { StateApplier } from './apply-state.ts';
import { isOver, isUsed } from './ended.ts';
import { judgeKept } from './judge-kept.ts';
import type { RoundOutcome } from './loop.ts';
import { narrow } from './narrowing.ts';
import { narrowedByPeer, toldToPeers } from './peer-state.ts';
import type { Turns } from './turns.ts';
import { verifyGrant } from './verify-grant.ts';

/** ms after which what a peer said is too old to be taken. */
const longestAge = 86_400_000;
/** Refusals for want of what somebody said, which may be gone. */
const evidential: readonly (Refusal | undefined)[] = ['NotEnoughApprovals', 'ApprovalWithdrawn'];

export interface EvidenceDeskOptions {
  readonly clone: BareClone;
  readonly loader: RevisionLoader;
  readonly source: EvidenceSource;
  readonly state: StateStore;
  readonly trustRoot: TrustRoot;
  readonly clock: Clock;
  readonly recorder: Pick<Recorder, 'append' | 'record'>;
  /** Reviews are on a forge, which can show others later; what is signed in plain git is the same for everybody. */
  readonly hosted: boolean;
  /** With which this gateway speaks to its peers, and its name. */
  readonly speaker: { readonly gateway: string; readonly signer: NoteSigner };
}

/**
 * Where gateways tell each other what a forge showed them: an approval can be gone when the second one looks. A peer
 * is believed about that alone. The rules are this gateway's own, and every grant is judged here, as if the forge still
 * showed it.
 */
export class EvidenceDesk {
  readonly #options: EvidenceDeskOptions;
  readonly #applier: StateApplier;
  readonly #turns: Turns;
  readonly #round: () => Promise<RoundOutcome>;
  /** Epoch ms of the newest note of each peer that was taken. */
  readonly #newest = new Map<string, number>();

  /** `round` judges what the branch has; it is called in a turn of `turns`. */
  constructor(options: EvidenceDeskOptions, applier: StateApplier, turns: Turns, round: () => Promise<RoundOutcome>) {
    this.#options = options;
    this.#applier = applier;
    this.#turns = turns;
    this.#round = round;
  }

  /** A signed note for peers: all that is over, and live grants with what they were judged on. */
  tell(): string {
    const { state, trustRoot, clock, speaker } = this.#options;
    const { gateway, signer } = speaker;
    const from = { gateway, branch: trustRoot.branch };
    return signer.sign(formatPeerEvidence(toldToPeers(state.current, from, clock.now())));
  }

  /**
   * Takes a peer's note: what is over there is over here, and grants that were refused here for want of what the peer
   * saw are judged again, each in a turn of its own. Durable, audited and in force when this resolves. Throws AccessError
   * for a note of nobody's.
   */
  async take(note: string): Promise<EvidenceTaken> {
    const { said, tip, stalled, ...counts } = await this.#turns.take(() => this.#begin(note));
    const grants: GrantTaken[] = [];
    const uids = new Set<string>();
    for (const one of said.grants) {
      if (uids.has(one.uid)) continue;
      uids.add(one.uid);
      const { uid, name } = one;
      const taken = this.#turns.take(() => this.#consider(one, stalled, tip));
      const failed = (error: unknown): Pick<GrantTaken, 'outcome' | 'message'> => {
        if (!(error instanceof SluiceError)) throw error;
        return { outcome: 'notJudged', message: [error.message, error.why].filter(Boolean).join(': ') };
      };
      grants.push({ uid, name, ...(await taken.catch(failed)) });
    }
    const { clone, state } = this.#options;
    const ahead = !(await isOnBranch(clone, said.judgedCommit, state.current.judgedCommit));
    return {
      peer: said.gateway,
      exportedAt: formatInstant(said.exportedAt),
      ...counts,
      grants,
      leftOut: said.leftOut,
      ...(ahead ? { ahead: said.judgedCommit } : {}),
      ...(stalled === undefined ? {} : { stalled }),
    };
  }

  /** Judges an admitted grant again on the evidence that was kept. */
  verify(entry: AdmittedEntry): Promise<Reverified> {
    const { clone, loader, trustRoot, state } = this.#options;
    const rules = (commit: string) => this.#applier.rules(commit);
    return verifyGrant({ clone, loader, trustRoot, rules }, entry, state.current);
  }

  /** Takes over what is over, and judges what the branch has. `stalled`: why nothing is given now. */
  async #begin(note: string): Promise<{
    readonly said: PeerEvidence;
    readonly tip: string;
    readonly stalled: string | undefined;
    readonly revocations: number;
    readonly deletedGrants: number;
  }> {
    const { state, clock, recorder, clone, trustRoot } = this.#options;
    const said = this.#open(note);
    narrowedByPeer(state.current, said, clock.now()); // which refuses what is too much, before it is put on record
    await recorder.record({ kind: 'admin', action: 'evidence', target: said.gateway, ok: true });
    const before = state.current;
    await state.update((current) => narrowedByPeer(current, said, clock.now()));
    if (state.current.lost === undefined) await this.#applier.apply(); // else nothing is in force, and nothing is to be
    this.#newest.set(said.gateway, said.exportedAt);
    const counts = {
      revocations: state.current.tombstones.length - before.tombstones.length,
      deletedGrants: state.current.deletedGrants.length - before.deletedGrants.length,
    };
    const outcome = await this.#round();
    const tip = await clone.fetch(trustRoot.branch);
    const frozenAlone = outcome.kind === 'stalled' && outcome.reason === state.current.frozen?.refusal;
    const stands = tip !== undefined && (outcome.kind === 'ready' || frozenAlone);
    return { said, tip: tip ?? '', stalled: stands ? undefined : outcome.message, ...counts };
  }

  #open(note: string): PeerEvidence {
    const { trustRoot, clock } = this.#options;
    const peers = trustRoot.peers.map(noteVerifier);
    const opened = openNote(note, peers, longestPeerEvidence);
    if (opened.kind !== 'signed') {
      const fix = "put the line of its recording key's .vkey file into trustRoot.peers of gateway.yaml";
      throw new AccessError('PeerRefused', 'this is no evidence of a known peer', { why: whyNot[opened.kind], fix });
    }
    const said = parsePeerEvidence(opened.text);
    if (!said) throw refused('it is signed, and is no evidence of a version that is known');
    const now = clock.now();
    if (logOrigin(said.gateway) !== opened.by.name) throw refused(`'${said.gateway}' is not whose key signed it`);
    if (said.repoId !== trustRoot.repoId || said.branch !== trustRoot.branch)
      throw refused('it is about another repo or branch');
    if (said.exportedAt > now + trustRoot.maxSkew) throw refused('it is of a time that is still to come');
    if (said.exportedAt < (this.#newest.get(said.gateway) ?? 0)) throw refused('a newer one of this peer was taken');
    if (said.exportedAt < now - longestAge)
      throw refused(`it is of ${formatInstant(said.exportedAt)}, a day old or more`);
    return said;
  }

  async #consider(
    { uid, end, evidence }: PeerEvidence['grants'][number],
    stalled: string | undefined,
    tip: string,
  ): Promise<Pick<GrantTaken, 'outcome' | 'message'>> {
    const { state, clock, recorder, loader, hosted } = this.#options;
    const { current } = state;
    if (isUsed(current, uid)) return { outcome: 'known', message: 'this gateway has judged it' };
    if (stalled !== undefined) return { outcome: 'notJudged', message: stalled };
    const refusal = current.refusals.findLast((one) => one.kind === 'grant' && one.uid === uid);
    const why = notAgain(refusal, evidence.commit, hosted);
    if (why) return why;
    const rulesCommit = refusal!.rules!;
    const judged = await this.#judge(uid, evidence, rulesCommit);
    if (!judged) return { outcome: 'refused', message: 'the forge does not show the merge that the peer tells of' };
    const { verdict, admitted, basis } = judged;
    const now = clock.now();
    if (admitted && Math.min(admitted.end, end) <= now) return { outcome: 'over', message: 'it is over' };
    recorder.append(admissionOf(verdict));
    if (!admitted) return { outcome: 'refused', message: verdict.message };
    // As if it had been admitted when it was merged: what was revoked since ends it.
    const admittedAt = Math.min(admitted.admittedAt, basis.mergedAt);
    const grant = { ...admitted, admittedAt, end: Math.min(admitted.end, end) };
    const entry = { grant, verdict, rules: rulesCommit, evidence: basis };
    const documents = await loader.narrowing(tip);
    await state.update((latest) => {
      const refusals = latest.refusals.filter((one) => one.kind !== 'grant' || one.uid !== uid);
      return narrow({ ...latest, grants: { ...latest.grants, [uid]: entry }, refusals }, documents, now);
    });
    await this.#applier.apply();
    return isOver(state.current, grant)
      ? { outcome: 'over', message: 'it was revoked, or its document is gone' }
      : { outcome: 'admitted', message: verdict.message };
  }

  /** With what the peer saw, beside what the forge shows here; undefined when it shows another merge, or none. */
  async #judge(uid: string, kept: PeerEvidence['grants'][number]['evidence'], rulesCommit: string) {
    const { clone, loader, trustRoot, state, clock, source } = this.#options;
    const { current } = state;
    if (!(await isOnBranch(clone, kept.commit, current.judgedCommit))) return undefined;
    const { commit, parent } = kept;
    const rules = (at: string) => this.#applier.rules(at);
    return judgeKept(
      { clone, loader, trustRoot, rules },
      { uid, kept, rulesCommit, state: { ...current, lastMergedAt: 0 }, now: clock.now(), soleGateway: false },
      async (evidence, before) => withOwnEvidence(evidence, await source.evidence(before, { commit, parent })),
    );
  }
}

/** Why a grant is not judged again; undefined when it may be. */
function notAgain(
  refusal: KeptRefusal | undefined,
  commit: string,
  hosted: boolean,
): Pick<GrantTaken, 'outcome' | 'message'> | undefined {
  if (!refusal)
    return { outcome: 'notJudged', message: 'this gateway has not come to its commit, or has forgotten it' };
  const { message } = refusal;
  if (!hosted) return { outcome: 'refused', message: `plain git shows the same to everybody: ${message}` };
  if (refusal.gone) return { outcome: 'refused', message: `its document was gone since: ${message}` };
  if (refusal.commit !== commit || refusal.rules === undefined || !evidential.includes(refusal.refusal))
    return { outcome: 'refused', message: `not for want of evidence: ${message}` };
  return undefined;
}

const whyNot = {
  malformed: 'it is not a signed note',
  unknownKey: 'no peer of trustRoot.peers signed it',
  badSignature: 'its signature is wrong: it was changed on its way',
} as const;

function refused(why: string): AccessError {
  return new AccessError('PeerRefused', 'this evidence of a peer is not taken', { why });
}
