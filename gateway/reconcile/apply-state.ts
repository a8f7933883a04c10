import { SourceError } from '../../core/errors/sluice-error.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { GatewayState, StateStore } from '../state/state-store.ts';
import { liveGrants, narrowed, sameRights, takesAway } from './next-snapshot.ts';
import { Turns } from './turns.ts';

export interface ApplierOptions {
  readonly loader: RevisionLoader;
  readonly state: StateStore;
  /** The snapshot in force. `swap` comes back when the next one is in force everywhere; what it takes away goes at once. */
  readonly snapshots: { readonly current: Snapshot | undefined; swap(next: Snapshot): void | Promise<void> };
  readonly recorder: Pick<Recorder, 'append' | 'record'>;
  /** Makes the brokers ready for what the next snapshot allows, before it is used. */
  readonly prepare: (next: Snapshot) => Promise<void>;
}

/** Puts into force what the state says. */
export class StateApplier {
  readonly #options: ApplierOptions;
  readonly #turns = new Turns();
  #generation = 0;
  #applied: GatewayState | undefined;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /** The rules at a commit that was admitted. */
  async rules(commit: string): Promise<PolicySet> {
    const { policySet, problems } = await this.#options.loader.plane(commit);
    if (policySet) return policySet;
    throw new SourceError('InvalidPolicyRepo', `revision ${commit.slice(0, 12)} has ${problems.length} problems`, {
      why: problems[0]?.message ?? '',
      fix: 'run sluice validate on it',
      retry: 'onChange',
    });
  }

  /**
   * Swaps in what the state says, unless it is in force already. What it takes away goes at once; what it gives, one after
   * the other, as the brokers get ready.
   */
  async apply(): Promise<void> {
    await this.#takeAway();
    await this.#turns.take(() => this.#swap());
  }

  /** Also while another swap waits for a broker. */
  async #takeAway(): Promise<void> {
    const { snapshots, state } = this.#options;
    const before = snapshots.current;
    if (!before) return;
    const next = { ...before, generation: this.#generation + 1, ...rightsOf(state.current) };
    if (!takesAway(before, next)) return;
    this.#generation++;
    await snapshots.swap(narrowed(before, next));
  }

  async #swap(): Promise<void> {
    const { snapshots, recorder, prepare, state } = this.#options;
    const { current } = state;
    if (this.#applied && sameRights(this.#applied, current)) return;
    const policies = await this.rules(current.admittedCommit);
    const before = snapshots.current;
    const next: Snapshot = {
      revision: current.admittedCommit,
      generation: ++this.#generation,
      policies,
      ...rightsOf(current),
    };
    await prepare(next);
    // What was taken away meanwhile stays away; what was given is the next swap's.
    await snapshots.swap(state.current === current ? next : narrowed(next, { ...next, ...rightsOf(state.current) }));
    this.#applied = current;
    recorder.append({
      kind: 'policy_change',
      ...(before ? { fromRevision: before.revision } : {}),
      toRevision: next.revision,
      generation: next.generation,
    });
  }
}

function rightsOf(state: GatewayState): Pick<Snapshot, 'grants' | 'tombstones'> {
  return { grants: liveGrants(state), tombstones: state.tombstones };
}
