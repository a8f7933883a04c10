import type { Clock } from '../../core/clock/clock.ts';
import { SourceError } from '../../core/errors/sluice-error.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import { RevisionLoader } from '../../core/source/revision.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { StateStore } from '../state/state-store.ts';
import type { RoundOutcome } from './loop.ts';

export interface PolicyRoundOptions {
  readonly clone: BareClone;
  readonly state: StateStore;
  readonly snapshots: SnapshotStore;
  readonly trustRoot: TrustRoot;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** Makes the brokers ready for what the next snapshot allows, before it is used. */
  readonly prepare: (next: Snapshot) => Promise<void>;
}

/** One round: fetch, load, judge, apply. Throws what stops it; the last good snapshot then stays. */
export class PolicyRound {
  readonly #options: PolicyRoundOptions;
  readonly #loader: RevisionLoader;
  #generation = 0;

  constructor(options: PolicyRoundOptions) {
    this.#options = options;
    this.#loader = new RevisionLoader(options.clone);
  }

  async run(): Promise<RoundOutcome> {
    const { clone, trustRoot, snapshots } = this.#options;
    const tip = await clone.fetch(trustRoot.branch);
    await this.#checkGenesis();
    if (!snapshots.current) await this.#apply(trustRoot.genesis.commit);
    if (tip === undefined)
      return { kind: 'stalled', reason: 'BranchGone', message: `the branch '${trustRoot.branch}' does not exist` };
    if (tip !== trustRoot.genesis.commit) {
      const { problems } = await this.#loader.load(tip);
      const errors = problems.filter((problem) => problem.severity === 'error').length;
      return {
        kind: 'stalled',
        reason: 'NotAdmitted',
        message: `commit ${tip.slice(0, 12)} ${errors > 0 ? `has ${errors} problems and ` : ''}is not enforced: only the genesis commit is`,
      };
    }
    return { kind: 'ready', revision: tip, message: `revision ${tip.slice(0, 12)} is in force` };
  }

  async #checkGenesis(): Promise<void> {
    const { clone, trustRoot } = this.#options;
    const { tree } = await clone.commit(trustRoot.genesis.commit);
    if (tree === trustRoot.genesis.tree) return;
    throw new SourceError('WrongGenesis', 'the genesis commit has another tree than the trust root says', {
      why: `it has ${tree}`,
      fix: 'correct trustRoot.genesis in gateway.yaml',
      retry: 'onChange',
    });
  }

  async #apply(commit: string): Promise<void> {
    const { snapshots, recorder, prepare } = this.#options;
    const { policySet, problems } = await this.#loader.load(commit);
    if (!policySet) {
      throw new SourceError('InvalidPolicyRepo', `revision ${commit.slice(0, 12)} has ${problems.length} problems`, {
        why: problems[0]?.message ?? '',
        fix: 'run sluice validate on it',
        retry: 'onChange',
      });
    }
    const next: Snapshot = {
      revision: commit,
      generation: ++this.#generation,
      policies: policySet,
      grants: new Map(),
      tombstones: [],
    };
    await prepare(next);
    const before = snapshots.current;
    snapshots.swap(next);
    recorder.append({
      kind: 'policy_change',
      ...(before ? { fromRevision: before.revision } : {}),
      toRevision: commit,
      generation: next.generation,
    });
  }
}
