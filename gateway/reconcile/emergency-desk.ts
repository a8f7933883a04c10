import { breakGlassPayload } from '../../core/admission/judge-break-glass.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { SourceError } from '../../core/errors/sluice-error.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { SourceFile } from '../../core/load/source-file.ts';
import type { EmergencyProposal } from '../../core/model/admin-api.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { GrantVerdict } from '../../core/model/verdict.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { StateStore } from '../state/state-store.ts';
import { toldEmergency } from './admission-event.ts';
import type { StateApplier } from './apply-state.ts';
import { judgeEmergency, withEmergency } from './emergencies.ts';
import { EmergencyBranches } from './emergency-branches.ts';
import { withRefusals } from './settle.ts';

export interface EmergencyDeskOptions {
  readonly clone: Pick<BareClone, 'remoteRefs' | 'fetchRef'>;
  readonly loader: RevisionLoader;
  readonly state: StateStore;
  readonly trustRoot: TrustRoot;
  readonly clock: Clock;
  readonly recorder: Pick<Recorder, 'record'>;
}

/**
 * Where emergencies come in beside the steps of the branch: from requests that nobody merged yet, and by hand while git
 * or the forge is down. Each is judged under the rules in force; it waits for no round and no fetch.
 */
export class EmergencyDesk {
  readonly #options: EmergencyDeskOptions;
  readonly #applier: StateApplier;
  readonly #branches: EmergencyBranches;

  constructor(options: EmergencyDeskOptions, applier: StateApplier) {
    this.#options = options;
    this.#applier = applier;
    this.#branches = new EmergencyBranches(options.clone, options.loader);
  }

  /** Those in branches that were not seen before. */
  async look(): Promise<void> {
    for (const { file, commit } of await this.#branches.fresh()) await this.#judge(file, commit);
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

  async #judge(file: SourceFile, commit: string): Promise<GrantVerdict> {
    const { trustRoot, state, clock, loader, recorder } = this.#options;
    const { admittedCommit, lost } = state.current;
    if (lost !== undefined) throw new SourceError('StateUnusable', 'this gateway admits nothing', { why: lost });
    const rules = await this.#applier.rules(admittedCommit);
    const sources = { loader, trustRoot, rules, rulesCommit: admittedCommit };
    const judged = await judgeEmergency(sources, file, commit, state.current, clock.now());
    const { document, verdict } = judged;
    if (document && state.current.emergencies[document.uid] !== undefined) return verdict; // known: nothing new is said
    await recorder.record(toldEmergency(judged)); // on the disk before anybody can use it
    await state.update((current) =>
      withEmergency(judged.admitted ? current : withRefusals(current, [verdict]), judged),
    );
    await this.#applier.apply();
    return verdict;
  }
}
