import { breakGlassPayload } from '../../core/admission/judge-break-glass.ts';
import type { AdmissionEvent } from '../../core/audit/event.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { SourceError } from '../../core/errors/sluice-error.ts';
import type { EvidenceSource, Step } from '../../core/forge/evidence-source.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { SourceFile } from '../../core/load/source-file.ts';
import type { EmergencyProposal } from '../../core/model/admin-api.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { GrantVerdict, PolicyVerdict } from '../../core/model/verdict.ts';
import { isPlaneFile } from '../../core/source/policy-tree.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { GatewayState, StateStore } from '../state/state-store.ts';
import { type JudgedEmergency, judgeEmergency, withEmergency } from './emergencies.ts';
import { EmergencyBranches } from './emergency-branches.ts';
import { judgeStep } from './judge-step.ts';
import type { RoundOutcome } from './loop.ts';
import { narrow } from './narrowing.ts';
import { liveGrants, narrowed, sameRights, takesAway } from './next-snapshot.ts';
import { settle, withheld, withRefusals } from './settle.ts';

const mostSteps = 500;

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
  readonly recorder: Pick<Recorder, 'append' | 'record'>;
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
  readonly #branches: EmergencyBranches;
  #generation = 0;
  #applied: GatewayState | undefined;
  #applying: Promise<void> = Promise.resolve();

  constructor(options: PolicyRoundOptions) {
    this.#options = options;
    this.#loader = options.loader;
    this.#branches = new EmergencyBranches(options.clone, options.loader);
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
    for (const { file, commit } of await this.#branches.fresh()) await this.#emergency(file, commit);
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

  /**
   * An emergency that is handed over here and not by git, such as while git is down: judged at once under the rules that
   * are in force, beside any round. It is in force when this resolves with `admitted`.
   */
  async emergency(file: SourceFile): Promise<GrantVerdict> {
    return this.#emergency(file, this.#options.state.current.admittedCommit);
  }

  /** What the subject of such a document has to sign under the rules in force. */
  async proposal(file: SourceFile): Promise<EmergencyProposal> {
    const { trustRoot, state } = this.#options;
    const { admittedCommit } = state.current;
    const { document, problems } = await this.#loader.emergency(admittedCommit, file);
    if (!document) return { payload: undefined, problem: problems[0]?.message ?? 'it does not load' };
    const { repoId, branch } = trustRoot;
    const payload = breakGlassPayload(await this.#rules(admittedCommit), document, { repoId, branch });
    return { payload: new TextDecoder().decode(payload), problem: '' };
  }

  async #emergency(file: SourceFile, commit: string): Promise<GrantVerdict> {
    const { trustRoot, state, clock } = this.#options;
    const { admittedCommit } = state.current;
    const rules = await this.#rules(admittedCommit);
    const sources = { loader: this.#loader, trustRoot, rules, rulesCommit: admittedCommit };
    const judged = await judgeEmergency(sources, file, commit, state.current, clock.now());
    const { document, verdict } = judged;
    if (document && state.current.emergencies[document.uid] !== undefined) return verdict; // it is known: nothing new is said
    await this.#tell(judged);
    await state.update((current) =>
      withEmergency(judged.admitted ? current : withRefusals(current, [verdict]), judged),
    );
    await this.#apply();
    return verdict;
  }

  /** On the disk before anybody can use it. */
  async #tell({ verdict, admitted, terms }: JudgedEmergency): Promise<void> {
    const who = admitted && { of: admitted.subject, until: admitted.end, notify: terms?.notify ?? [] };
    await this.#options.recorder.record({ ...admission(verdict), subject: 'breakGlass', ...who });
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
    const { clone, trustRoot, state, clock, source, recorder } = this.#options;
    const id = step.commit;
    const { admittedCommit, frozen } = state.current;
    const rules = await this.#rules(admittedCommit);
    const sources = { clone, loader: this.#loader, trustRoot, source };
    const found = await judgeStep(sources, rules, admittedCommit, step, state.current, now);
    const same = (frozen || found.policy) !== undefined && (await this.#sameRules(admittedCommit, id));
    const judged = frozen && !same ? withheld(found, frozen.commit) : found;
    // What came and went between two fetches is in no tip: each step is asked.
    const documents = judged.narrows ? await this.#loader.narrowing(id) : undefined;
    for (const one of judged.emergencies) await this.#tell(one);
    await state.update((current) => {
      const at = Math.max(now, clock.now());
      const next = settle(current, id, judged, same, at);
      return documents ? narrow(next, documents, at) : next;
    });
    for (const { verdict } of judged.grants) recorder.append(admission(verdict));
    for (const verdict of judged.reviews) recorder.append({ ...admission(verdict), subject: 'review' });
    if (judged.policy) recorder.append(admission(judged.policy));
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

  /** Swaps in what the state says, unless it is in force already. One after the other: an emergency waits for no fetch. */
  #apply(): Promise<void> {
    const run = this.#applying.then(() => this.#swap());
    this.#applying = run.catch(() => {});
    return run;
  }

  async #swap(): Promise<void> {
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
}

function admission(verdict: GrantVerdict | PolicyVerdict): AdmissionEvent {
  return {
    kind: 'admission',
    subject: verdict.kind,
    ...(verdict.kind === 'grant' ? { uid: verdict.uid, name: verdict.name } : {}),
    commit: verdict.commit,
    admitted: verdict.admitted,
    ...(verdict.refusal === undefined ? {} : { refusal: verdict.refusal }),
    digest: verdict.digest,
    approvedBy: verdict.approvals.map(({ by }) => by),
  };
}
