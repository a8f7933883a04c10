import { breakGlassPayload } from '../../core/admission/judge-break-glass.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { SourceError } from '../../core/errors/sluice-error.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import { loadBreakGlass } from '../../core/load/load-break-glass.ts';
import type { SourceFile } from '../../core/load/source-file.ts';
import type { EmergencyProposal } from '../../core/model/admin-api.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { GrantVerdict } from '../../core/model/verdict.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { GatewayState, StateStore } from '../state/state-store.ts';
import { toldEmergency } from './admission-event.ts';
import type { StateApplier } from './apply-state.ts';
import { contentOf, type JudgedEmergency, judgeEmergency, withEmergency } from './emergencies.ts';
import { EmergencyBranches } from './emergency-branches.ts';
import { withRefusals } from './settle.ts';
import { Turns } from './turns.ts';

export interface EmergencyDeskOptions {
  readonly clone: Pick<BareClone, 'remoteRefs' | 'fetchOne'>;
  readonly loader: RevisionLoader;
  readonly state: StateStore;
  readonly trustRoot: TrustRoot;
  readonly clock: Clock;
  readonly recorder: Pick<Recorder, 'record'>;
}

/**
 * Where emergencies come in beside the steps of the branch: from requests that nobody merged yet, and by hand while git
 * or the forge is down. Each is judged under the rules in force, one after the other; it waits for no round.
 */
export class EmergencyDesk {
  readonly #options: EmergencyDeskOptions;
  readonly #applier: StateApplier;
  readonly #branches: EmergencyBranches;
  readonly #turns = new Turns();

  constructor(options: EmergencyDeskOptions, applier: StateApplier) {
    this.#options = options;
    this.#applier = applier;
    this.#branches = new EmergencyBranches(options.clone, options.loader);
  }

  /** Judges those in branches that were not looked at before; `more`: some were left for the next time. */
  look(): Promise<{ readonly more: boolean }> {
    return this.#branches.each((file, commit) => this.#judge(file, commit));
  }

  /** One that is handed over; in force when this resolves with `admitted`. */
  admit(file: SourceFile): Promise<GrantVerdict> {
    return this.#judge(file, this.#options.state.current.admittedCommit);
  }

  /** What the subject of such a document has to sign. */
  async propose(file: SourceFile): Promise<EmergencyProposal> {
    const { trustRoot, state, loader } = this.#options;
    const { admittedCommit } = state.current;
    const { document, problems } = await loader.emergency(admittedCommit, file);
    if (!document) return { payload: undefined, problem: problems[0]?.message ?? 'it does not load' };
    const { repoId, branch } = trustRoot;
    const payload = breakGlassPayload(await this.#applier.rules(admittedCommit), document, { repoId, branch });
    return { payload: new TextDecoder().decode(payload), problem: '' };
  }

  #judge(file: SourceFile, commit: string): Promise<GrantVerdict> {
    return this.#turns.take(async () => {
      const { trustRoot, state, clock, loader, recorder } = this.#options;
      const { admittedCommit, lost } = state.current;
      if (lost !== undefined) throw new SourceError('StateUnusable', 'this gateway admits nothing', { why: lost });
      const known = this.#known(file);
      if (known) {
        await this.#applier.apply(); // it may not have been in force yet
        return known;
      }
      const rules = await this.#applier.rules(admittedCommit);
      const sources = { loader, trustRoot, rules, rulesCommit: admittedCommit };
      const judged = await judgeEmergency(sources, file, commit, state.current, clock.now());
      const { verdict, admitted } = judged;
      if (!admitted) {
        if (!isTold(state.current, verdict)) {
          await recorder.record(toldEmergency(judged));
          await state.update((current) => withRefusals(current, [verdict]));
        }
        return verdict;
      }
      await recorder.record(toldEmergency(judged)); // on the disk before anybody can use it
      await state.update((current) => withEmergency(current, judged));
      if (state.current.emergencies[admitted.uid] === undefined) return this.#overtaken(judged);
      await this.#applier.apply();
      return verdict;
    });
  }

  /** The verdict on exactly this document, when it was admitted. */
  #known(file: SourceFile): GrantVerdict | undefined {
    const { emergencies, grants } = this.#options.state.current;
    const { document } = loadBreakGlass(file);
    if (!document || emergencies[document.uid]?.content !== contentOf(document)) return undefined;
    return grants[document.uid]?.verdict;
  }

  /** Something was written while it was judged: a revocation, a grant, a baseline. */
  async #overtaken(judged: JudgedEmergency): Promise<GrantVerdict> {
    const message = 'what the gateway knows changed while it was judged; sign it anew';
    const verdict: GrantVerdict = { ...judged.verdict, admitted: false, refusal: 'NotAdmitted', message };
    await this.#options.recorder.record(toldEmergency({ ...judged, verdict, admitted: undefined }));
    await this.#options.state.update((current) => withRefusals(current, [verdict]));
    return verdict;
  }
}

/** After a restart branches are looked at again: a refusal is told once. */
function isTold({ refusals }: Pick<GatewayState, 'refusals'>, { name, commit, refusal }: GrantVerdict): boolean {
  return refusals.some(
    (one) => one.kind === 'grant' && one.name === name && one.commit === commit && one.refusal === refusal,
  );
}
