import type { Clock } from '../../core/clock/clock.ts';
import { SourceError } from '../../core/errors/sluice-error.ts';
import type { EvidenceSource, Step } from '../../core/forge/evidence-source.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import type { AdmittedGrant } from '../../core/model/right.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { GrantVerdict, PolicyVerdict } from '../../core/model/verdict.ts';
import { isPlaneFile } from '../../core/source/policy-tree.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { GatewayState, StateStore } from '../state/state-store.ts';
import { judgeStep, type StepJudgement } from './judge-step.ts';
import type { RoundOutcome } from './loop.ts';
import { lift, narrow } from './narrowing.ts';

const mostSteps = 500;
const keptRefusals = 200;

export interface PolicyRoundOptions {
  readonly clone: BareClone;
  readonly loader: RevisionLoader;
  /** Where it is proved what became of the new commits. */
  readonly source: EvidenceSource;
  readonly state: StateStore;
  /** The snapshot in force. `swap` comes back when the next one is in force everywhere; what it takes away goes at once. */
  readonly snapshots: { readonly current: Snapshot | undefined; swap(next: Snapshot): void | Promise<void> };
  readonly trustRoot: TrustRoot;
  readonly clock: Clock;
  readonly recorder: Pick<Recorder, 'append'>;
  /** Makes the brokers ready for what the next snapshot allows, before it is used. */
  readonly prepare: (next: Snapshot) => Promise<void>;
}

/**
 * One round: fetch, narrow, judge every new step, apply. Steps are judged one after the other, each under the rules
 * before it; what a step comes to is durable before the next one. Throws what stops it; the last good snapshot stays.
 */
export class PolicyRound {
  readonly #options: PolicyRoundOptions;
  readonly #loader: RevisionLoader;
  #generation = 0;
  #applied: GatewayState | undefined;

  constructor(options: PolicyRoundOptions) {
    this.#options = options;
    this.#loader = options.loader;
  }

  async run(): Promise<RoundOutcome> {
    const { clone, trustRoot, state, snapshots } = this.#options;
    if (!snapshots.current) await this.#applyKnown();
    const tip = await clone.fetch(trustRoot.branch);
    if (tip !== undefined) await this.#checkGenesis();
    if (tip !== undefined && !snapshots.current) await this.#apply();
    if (tip === undefined)
      return { kind: 'stalled', reason: 'BranchGone', message: `the branch '${trustRoot.branch}' does not exist` };
    const now = this.#options.clock.now(); // before any revocation of this round is seen, so that it ends what the round admits
    await this.#narrow(tip);
    const commits = await clone.firstParents(tip, state.current.judgedCommit, mostSteps);
    if (commits === undefined) {
      const message = `commit ${state.current.judgedCommit.slice(0, 12)} is not on the first-parent chain of ${tip.slice(0, 12)} any more`;
      return { kind: 'stalled', reason: 'HistoryRewritten', message };
    }
    const { steps, undecided } = await this.#options.source.steps(state.current.judgedCommit, commits);
    for (const step of steps) await this.#judge(step, now);
    await this.#narrow(tip); // for the grants that were admitted just now
    await this.#apply();
    const { frozen, admittedCommit, judgedCommit } = state.current;
    const more = undecided === undefined ? {} : { undecided };
    const also = undecided === undefined ? '' : `; ${undecided}`;
    if (frozen) {
      const message = `rules stay at ${admittedCommit.slice(0, 12)}: ${frozen.message}${also}`;
      return { kind: 'stalled', reason: frozen.refusal, message, ...more };
    }
    const message = `rules of ${admittedCommit.slice(0, 12)} are in force, judged up to ${judgedCommit.slice(0, 12)}${also}`;
    return { kind: 'ready', revision: judgedCommit, message, ...more };
  }

  /** After a restart: what was admitted before holds without waiting for the remote, when the clone has it. */
  async #applyKnown(): Promise<void> {
    try {
      await this.#checkGenesis();
      await this.#apply();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
    }
  }

  async #narrow(tip: string): Promise<void> {
    const { state, clock } = this.#options;
    const documents = await this.#loader.narrowing(tip);
    if (narrow(state.current, documents, clock.now()) === state.current) return;
    await state.update((current) => narrow(current, documents, clock.now()));
    await this.#apply();
  }

  async #judge(step: Step, now: number): Promise<void> {
    const { clone, trustRoot, state, clock, source } = this.#options;
    const id = step.commit;
    const { admittedCommit, frozen } = state.current;
    const rules = await this.#rules(admittedCommit);
    const sources = { clone, loader: this.#loader, trustRoot, source };
    const found = await judgeStep(sources, rules, admittedCommit, step, state.current, now);
    const same = (frozen || found.policy) !== undefined && (await this.#sameRules(admittedCommit, id));
    const judged = frozen && !same ? withheld(found, frozen.commit) : found;
    // What came and went between two fetches is in no tip: each step is asked.
    const documents = judged.narrows ? await this.#loader.narrowing(id) : undefined;
    await state.update((current) => {
      const at = Math.max(now, clock.now());
      const next = settle(current, id, judged, same, at);
      return documents ? narrow(next, documents, at) : next;
    });
    for (const { verdict } of judged.grants) this.#audit(verdict);
    if (judged.policy) this.#audit(judged.policy);
  }

  /** The rules at two commits are the same files: a refused change was taken back. */
  async #sameRules(a: string, b: string): Promise<boolean> {
    const changes = await this.#options.clone.changes(a, b);
    return !changes.some(({ path }) => isPlaneFile(path));
  }

  async #checkGenesis(): Promise<void> {
    const { clone, trustRoot } = this.#options;
    if (!(await clone.has(trustRoot.genesis.commit))) {
      throw new SourceError('WrongGenesis', 'the policy repo does not hold the genesis commit', {
        why: `${trustRoot.genesis.commit.slice(0, 12)} is not in its history`,
        fix: 'correct policyRepo.url or trustRoot.genesis in gateway.yaml',
        retry: 'onChange',
      });
    }
    const { tree } = await clone.commit(trustRoot.genesis.commit);
    if (tree === trustRoot.genesis.tree) return;
    throw new SourceError('WrongGenesis', 'the genesis commit has another tree than the trust root says', {
      why: `it has ${tree}`,
      fix: 'correct trustRoot.genesis in gateway.yaml',
      retry: 'onChange',
    });
  }

  async #rules(commit: string): Promise<PolicySet> {
    const { policySet, problems } = await this.#loader.plane(commit);
    if (policySet) return policySet;
    throw new SourceError('InvalidPolicyRepo', `revision ${commit.slice(0, 12)} has ${problems.length} problems`, {
      why: problems[0]?.message ?? '',
      fix: 'run sluice validate on it',
      retry: 'onChange',
    });
  }

  /** Swaps in what the state says, unless it is in force already. */
  async #apply(): Promise<void> {
    const { snapshots, recorder, prepare, state } = this.#options;
    const { current } = state;
    if (this.#applied && sameRights(this.#applied, current)) return;
    const policies = await this.#rules(current.admittedCommit);
    const before = snapshots.current;
    const next: Snapshot = {
      revision: current.admittedCommit,
      generation: ++this.#generation,
      policies,
      grants: liveGrants(current),
      tombstones: current.tombstones,
    };
    if (before && takesAway(before, next)) await snapshots.swap(narrowed(before, next)); // which waits for no broker
    await prepare(next);
    await snapshots.swap(next);
    this.#applied = current;
    recorder.append({
      kind: 'policy_change',
      ...(before ? { fromRevision: before.revision } : {}),
      toRevision: next.revision,
      generation: next.generation,
    });
  }

  #audit(verdict: GrantVerdict | PolicyVerdict): void {
    this.#options.recorder.append({
      kind: 'admission',
      subject: verdict.kind,
      ...(verdict.kind === 'grant' ? { uid: verdict.uid, name: verdict.name } : {}),
      commit: verdict.commit,
      admitted: verdict.admitted,
      ...(verdict.refusal === undefined ? {} : { refusal: verdict.refusal }),
      digest: verdict.digest,
      approvedBy: verdict.approvals.map(({ by }) => by),
    });
  }
}

/**
 * The state after a step. `same`: the rules at it are those that are admitted already. While a refused change stands in
 * the branch, no other change of the rules is let in, since its tree would carry the refused one along.
 */
function settle(state: GatewayState, commit: string, judged: StepJudgement, same: boolean, now: number): GatewayState {
  const admitted = judged.grants.flatMap(({ verdict, admitted: grant }) =>
    grant ? [[grant.uid, { grant, verdict }] as const] : [],
  );
  const refused = judged.grants.filter(({ verdict }) => !verdict.admitted).map(({ verdict }) => verdict);
  const { policy } = judged;
  const swapped = policy?.admitted === true && state.frozen === undefined;
  const refusals = [...state.refusals, ...refused, ...(policy && !policy.admitted ? [policy] : [])];
  return {
    ...state,
    judgedCommit: commit,
    admittedCommit: swapped ? commit : state.admittedCommit,
    frozen: same || swapped ? undefined : (state.frozen ?? frozenBy(policy)),
    grants: admitted.length > 0 ? { ...state.grants, ...Object.fromEntries(admitted) } : state.grants,
    refusals: refusals.slice(-keptRefusals),
    tombstones: policy?.admitted ? lift(state.tombstones, judged.lifts, now) : state.tombstones,
    lastMergedAt:
      admitted.length > 0 || policy?.admitted ? Math.max(state.lastMergedAt, judged.mergedAt) : state.lastMergedAt,
    policyMerges: policy?.admitted ? { ...state.policyMerges, [policy.digest]: judged.mergedAt } : state.policyMerges,
  };
}

/** While a refused change is in the branch no other one is let in, however well it was signed: its tree carries both. */
function withheld(judged: StepJudgement, refused: string): StepJudgement {
  const { policy } = judged;
  if (!policy?.admitted) return judged;
  const message = `${policy.message}, but commit ${refused.slice(0, 12)}, which was refused, was not taken back yet`;
  return { ...judged, policy: { ...policy, admitted: false, refusal: 'UnreviewedCommit', message } };
}

/** Whether a grant ends earlier, or a revocation is new, in the next snapshot. */
function takesAway(before: Snapshot, next: Snapshot): boolean {
  if (before.tombstones !== next.tombstones) return true;
  return [...before.grants.values()].some(({ uid, end }) => (next.grants.get(uid)?.end ?? 0) < end);
}

/** The snapshot that is in force, without what the next one takes away. */
function narrowed(before: Snapshot, next: Snapshot): Snapshot {
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

function frozenBy(policy: PolicyVerdict | undefined): GatewayState['frozen'] {
  return policy && { commit: policy.commit, refusal: policy.refusal ?? 'UnreviewedCommit', message: policy.message };
}

function liveGrants(state: GatewayState): ReadonlyMap<string, AdmittedGrant> {
  const deleted = new Set(state.deletedGrants);
  return new Map(
    Object.values(state.grants)
      .map(({ grant }) => grant)
      .filter(({ uid }) => !deleted.has(uid))
      .map((grant) => [grant.uid, grant]),
  );
}

function sameRights(a: GatewayState, b: GatewayState): boolean {
  return (
    a.admittedCommit === b.admittedCommit &&
    a.grants === b.grants &&
    a.deletedGrants === b.deletedGrants &&
    a.tombstones === b.tombstones
  );
}
