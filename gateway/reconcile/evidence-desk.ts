import {
  type KeptEvidence,
  keptEvidence,
  revivedEvidence,
  withOwnEvidence,
} from '../../core/admission/kept-evidence.ts';
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
import { AccessError } from '../../core/errors/sluice-error.ts';
import type { EvidenceSource } from '../../core/forge/evidence-source.ts';
import { isOnBranch } from '../../core/forge/on-branch.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { EvidenceTaken, GrantTaken, Reverified } from '../../core/model/admin-api.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { Refusal } from '../../core/model/verdict.ts';
import { isForOwners, isGrantFile } from '../../core/source/policy-tree.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { AdmittedEntry, GatewayState, StateStore } from '../state/state-store.ts';
import { admissionOf } from './admission-event.ts';
import type { StateApplier } from './apply-state.ts';
import { isUsed } from './ended.ts';
import { type JudgedGrant, judgeGrantFile, mostGrants } from './judge-grant-file.ts';
import type { RoundOutcome } from './loop.ts';
import { narrow } from './narrowing.ts';
import { narrowedByPeer, toldToPeers } from './peer-state.ts';
import type { Turns } from './turns.ts';

/** ms after which what a peer said is too old to be taken. */
const longestAge = 86_400_000;
/** Refusals that other evidence can change; the rest is about what the step is. */
const evidential: readonly (Refusal | undefined)[] = [
  'DirectPush',
  'NotAMerge',
  'UnsignedRequest',
  'UnsignedMerge',
  'NotEnoughApprovals',
  'ApprovalWithdrawn',
];

export interface EvidenceDeskOptions {
  readonly clone: BareClone;
  readonly loader: RevisionLoader;
  readonly source: EvidenceSource;
  readonly state: StateStore;
  readonly trustRoot: TrustRoot;
  readonly clock: Clock;
  readonly recorder: Pick<Recorder, 'append' | 'record'>;
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

  /** `round` judges what the branch has; it is called in a turn of `turns`. */
  constructor(options: EvidenceDeskOptions, applier: StateApplier, turns: Turns, round: () => Promise<RoundOutcome>) {
    this.#options = options;
    this.#applier = applier;
    this.#turns = turns;
    this.#round = round;
  }

  /** A signed note for peers: live grants with what they were judged on, and all that is over. */
  tell(): string {
    const { state, trustRoot, clock, speaker } = this.#options;
    const { gateway, signer } = speaker;
    return signer.sign(
      formatPeerEvidence(toldToPeers(state.current, { gateway, branch: trustRoot.branch }, clock.now())),
    );
  }

  /**
   * Takes a peer's note: what is over there is over here, and grants that were refused here for want of what the peer
   * saw are judged again. Durable, audited and in force when this resolves. Throws AccessError for a note of nobody's.
   */
  take(note: string): Promise<EvidenceTaken> {
    return this.#turns.take(async () => {
      const { state, clock, recorder, clone } = this.#options;
      const said = this.#open(note);
      await recorder.record({ kind: 'admin', action: 'evidence', target: said.gateway, ok: true });
      const before = state.current;
      await state.update((current) => narrowedByPeer(current, said, clock.now()));
      await this.#applier.apply();
      const counts = {
        revocations: state.current.tombstones.length - before.tombstones.length,
        deletedGrants: state.current.deletedGrants.length - before.deletedGrants.length,
      };
      const outcome = await this.#round();
      const grants: GrantTaken[] = [];
      for (const one of said.grants) grants.push(await this.#consider(one));
      await this.#applier.apply();
      const { judgedCommit } = state.current;
      const ahead = !(await isOnBranch(clone, said.judgedCommit, judgedCommit));
      return {
        peer: said.gateway,
        exportedAt: formatInstant(said.exportedAt),
        ...counts,
        grants,
        ...(ahead ? { ahead: said.judgedCommit } : {}),
        ...(outcome.kind === 'stalled' ? { stalled: outcome.message } : {}),
      };
    });
  }

  /** Judges an admitted grant again on the evidence that was kept: does it come to the same? */
  async verify({ grant, verdict, evidence, rules }: AdmittedEntry): Promise<Reverified> {
    if (!evidence || !rules) return { holds: undefined, message: 'nothing was kept that it could be judged on again' };
    const { state } = this.#options;
    const then: GatewayState = { ...state.current, grants: {}, baseline: undefined, lastMergedAt: 0 };
    const found = await this.#judge(grant.uid, evidence, rules, then, grant.admittedAt);
    const seen = (one: JudgedGrant['verdict']): string =>
      JSON.stringify([one.admitted, one.digest, one.approvals, one.discounted]);
    if (!found) return { holds: false, message: `its document is not at ${evidence.commit.slice(0, 12)}` };
    const holds = seen(found.verdict) === seen(verdict);
    return {
      holds,
      message: holds
        ? `judged again on the evidence of then, under the rules of ${rules.slice(0, 12)}: the same`
        : `judged again, it comes to something else: ${found.verdict.message}`,
    };
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
    if (said.exportedAt < now - longestAge)
      throw refused(`it is of ${formatInstant(said.exportedAt)}, a day old or more`);
    return said;
  }

  async #consider({ uid, name, end, evidence }: PeerEvidence['grants'][number]): Promise<GrantTaken> {
    const { state, clock, recorder, loader } = this.#options;
    const { current } = state;
    if (isUsed(current, uid)) return { uid, name, outcome: 'known', message: 'this gateway has judged it' };
    const refusal = current.refusals.findLast((one) => one.kind === 'grant' && one.uid === uid && !one.admitted);
    if (!refusal)
      return {
        uid,
        name,
        outcome: 'notJudged',
        message: 'this gateway has not come to its commit, or has forgotten it',
      };
    if (refusal.commit !== evidence.commit || !refusal.rules || !evidential.includes(refusal.refusal))
      return { uid, name, outcome: 'refused', message: `not for want of evidence: ${refusal.message}` };
    const now = clock.now();
    const judged = await this.#judge(uid, evidence, refusal.rules, { ...current, lastMergedAt: 0 }, now, true);
    if (!judged) return { uid, name, outcome: 'refused', message: 'the commit does not show what the peer says' };
    const { verdict, admitted, basis } = judged;
    if (admitted && Math.min(admitted.end, end) <= now) return { uid, name, outcome: 'over', message: 'it is over' };
    if (admitted) {
      // As if it had been admitted when it was merged: what was revoked since ends it.
      const admittedAt = Math.min(admitted.admittedAt, evidence.mergedAt);
      const grant = { ...admitted, admittedAt, end: Math.min(admitted.end, end) };
      const entry = { grant, verdict, rules: refusal.rules, evidence: basis };
      const documents = await loader.narrowing(current.judgedCommit);
      await state.update((latest) =>
        narrow(
          {
            ...latest,
            grants: { ...latest.grants, [uid]: entry },
            refusals: latest.refusals.filter((one) => one.kind !== 'grant' || one.uid !== uid),
          },
          documents,
          clock.now(),
        ),
      );
    }
    recorder.append(admissionOf(verdict));
    return { uid, name, outcome: admitted ? 'admitted' : 'refused', message: verdict.message };
  }

  /**
   * The one grant of a step, judged on given evidence; `beside`: with what this gateway sees now. undefined when the
   * step does not bring the grant, brings rules too, or is seen here as another merge.
   */
  async #judge(
    uid: string,
    kept: KeptEvidence,
    rulesCommit: string,
    state: GatewayState,
    now: number,
    beside = false,
  ): Promise<(JudgedGrant & { readonly basis: KeptEvidence }) | undefined> {
    const { clone, loader, trustRoot, source } = this.#options;
    const { commit, parent } = kept;
    const onBranch = beside ? await isOnBranch(clone, commit, this.#options.state.current.judgedCommit) : true;
    if (!onBranch || commit === parent || !(await isOnBranch(clone, parent, commit))) return undefined;
    const changes = await clone.changes(parent, commit);
    const added = changes.filter(({ path, before, after }) => isGrantFile(path) && after && before?.id !== after.id);
    if (changes.some(isForOwners) || added.length > mostGrants) return undefined;
    const rules = await this.#applier.rules(rulesCommit);
    const rulesAt = async (base: string) =>
      (await isOnBranch(clone, base, parent)) ? (await loader.plane(base)).policySet : undefined;
    const revived = await revivedEvidence(kept, rulesAt);
    const evidence = beside ? withOwnEvidence(revived, await source.evidence(rules, { commit, parent })) : revived;
    if (!evidence) return undefined;
    for (const { path } of added) {
      const { grant } = await loader.grant(rulesCommit, commit, path);
      if (grant?.uid !== uid) continue;
      const file = { loader, rules, rulesCommit, commit, path, trustRoot, soleGateway: !beside, state, now };
      return { ...(await judgeGrantFile(file, evidence)), basis: keptEvidence(evidence) };
    }
    return undefined;
  }
}

const whyNot = {
  malformed: 'it is not a signed note',
  unknownKey: 'no peer of trustRoot.peers signed it',
  badSignature: 'its signature is wrong: it was changed on its way',
} as const;

function refused(why: string): AccessError {
  return new AccessError('PeerRefused', 'this evidence of a peer is not taken', { why });
}
