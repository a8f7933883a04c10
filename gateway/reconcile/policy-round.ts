import type { Clock } from '../../core/clock/clock.ts';
import { SourceError } from '../../core/errors/sluice-error.ts';
import type { EvidenceSource, Step } from '../../core/forge/evidence-source.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import { isPlaneFile } from '../../core/source/policy-tree.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import { admissionOf, toldEmergency } from './admission-event.ts';
import { type ApplierOptions, StateApplier } from './apply-state.ts';
import { checkGenesis } from './check-genesis.ts';
import { EmergencyDesk } from './emergency-desk.ts';
import { EvidenceDesk, type EvidenceDeskOptions } from './evidence-desk.ts';
import { FirstUseDesk } from './first-use-desk.ts';
import { judgeStep } from './judge-step.ts';
import type { LimitsJudge } from './limits-apart.ts';
import type { RoundOutcome } from './loop.ts';
import { narrow } from './narrowing.ts';
import { OwnerDesk } from './owner-desk.ts';
import { settle, withheld } from './settle.ts';
import { Turns } from './turns.ts';

const mostSteps = 500;

export interface PolicyRoundOptions extends ApplierOptions {
  readonly clone: BareClone;
  /** Where it is proved what became of the new commits. */
  readonly source: EvidenceSource;
  /** No other gateway follows the repo; false if left out. */
  readonly soleGateway?: boolean;
  readonly trustRoot: TrustRoot;
  readonly clock: Clock;
  readonly limits: LimitsJudge;
  readonly hosted: boolean;
  readonly speaker: EvidenceDeskOptions['speaker'];
}

/**
 * One round: fetch, narrow, judge every new step, apply. Steps are judged one after the other, each under the rules
 * before it; what a step comes to is durable before the next one. Throws what stops it; the last good snapshot stays.
 */
export class PolicyRound {
  readonly #options: PolicyRoundOptions;
  readonly #loader: RevisionLoader;
  readonly #applier: StateApplier;
  readonly #turns = new Turns();
  /** What comes beside the steps of the branch. */
  readonly emergencies: EmergencyDesk;
  readonly owners: OwnerDesk;
  readonly firstUses: FirstUseDesk;
  readonly evidence: EvidenceDesk;

  constructor(options: PolicyRoundOptions) {
    this.#options = options;
    this.#loader = options.loader;
    this.#applier = new StateApplier(options);
    this.emergencies = new EmergencyDesk(options, this.#applier);
    this.firstUses = new FirstUseDesk(options, this.#applier);
    this.owners = new OwnerDesk(options, this.#applier, this.#turns);
    this.evidence = new EvidenceDesk(options, this.#applier, this.#turns, () => this.#run());
  }

  run(): Promise<RoundOutcome> {
    return this.#turns.take(() => this.#run());
  }

  async #run(): Promise<RoundOutcome> {
    const { clone, trustRoot, state, snapshots } = this.#options;
    const { lost } = state.current;
    if (lost !== undefined)
      return { kind: 'stalled', reason: 'StateLost', message: `${lost}; owners have to sign a baseline` };
    if (!snapshots.current) await this.#applyKnown();
    const tip = await clone.fetch(trustRoot.branch);
    if (tip !== undefined) await checkGenesis(clone, trustRoot);
    if (tip !== undefined && !snapshots.current) await this.#applier.apply();
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
    await this.#applier.apply();
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
    const { clone, trustRoot } = this.#options;
    try {
      await checkGenesis(clone, trustRoot);
      await this.#applier.apply();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
    }
  }

  async #narrow(tip: string): Promise<void> {
    const { state, clock } = this.#options;
    const documents = await this.#loader.narrowing(tip);
    if (narrow(state.current, documents, clock.now()) === state.current) return;
    await state.update((current) => narrow(current, documents, clock.now()));
    await this.#applier.apply();
  }

  async #judge(step: Step, now: number): Promise<void> {
    const { clone, trustRoot, state, clock, source, recorder } = this.#options;
    const id = step.commit;
    const { admittedCommit, frozen } = state.current;
    const rules = await this.#applier.rules(admittedCommit);
    const { soleGateway = false, limits } = this.#options;
    const sources = { clone, loader: this.#loader, trustRoot, source, soleGateway, limits };
    const found = await judgeStep(sources, rules, admittedCommit, step, state.current, now);
    const same = (frozen || found.policy) !== undefined && (await this.#sameRules(admittedCommit, id));
    const judged = frozen && !same ? withheld(found, frozen.commit) : found;
    // What came and went between two fetches is in no tip: each step is asked.
    const documents = judged.narrows ? await this.#loader.narrowing(id) : undefined;
    for (const one of judged.emergencies) await recorder.record(toldEmergency(one));
    await state.update((current) => {
      const at = Math.max(now, clock.now());
      const next = settle(current, id, judged, same, at);
      return documents ? narrow(next, documents, at) : next;
    });
    for (const { verdict } of judged.grants) recorder.append(admissionOf(verdict));
    for (const verdict of judged.reviews) recorder.append({ ...admissionOf(verdict), subject: 'review' });
    if (judged.policy) recorder.append(admissionOf(judged.policy));
  }

  /** The rules at two commits are the same files: a refused change was taken back. */
  async #sameRules(a: string, b: string): Promise<boolean> {
    const changes = await this.#options.clone.changes(a, b);
    return !changes.some(({ path }) => isPlaneFile(path));
  }
}
