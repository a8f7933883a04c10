import type { OwnerWish } from '../../core/admission/owner-statement.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { SourceError } from '../../core/errors/sluice-error.ts';
import type { BareClone } from '../../core/git/bare-clone.ts';
import type { SignedText } from '../../core/model/admin-api.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { RevisionLoader } from '../../core/source/revision.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { StateStore } from '../state/state-store.ts';
import type { StateApplier } from './apply-state.ts';
import { checkGenesis } from './check-genesis.ts';
import { type ExceptionSources, ownerSigned, ownerWish } from './owner-exceptions.ts';
import type { Turns } from './turns.ts';

export interface OwnerDeskOptions {
  readonly clone: BareClone;
  readonly loader: RevisionLoader;
  readonly state: StateStore;
  readonly trustRoot: TrustRoot;
  readonly clock: Clock;
  readonly recorder: Pick<Recorder, 'record'>;
}

/** Where owners come in beside requests: an exception for a refused commit (`admit`), and beginning anew (`baseline`). */
export class OwnerDesk {
  readonly #options: OwnerDeskOptions;
  readonly #applier: StateApplier;
  readonly #turns: Turns;

  /** `turns` are those of the rounds: nothing is judged while this changes where judging stands. */
  constructor(options: OwnerDeskOptions, applier: StateApplier, turns: Turns) {
    this.#options = options;
    this.#applier = applier;
    this.#turns = turns;
  }

  /** What owners would have to sign. */
  wish(kind: OwnerWish['kind'], revision: string): Promise<OwnerWish> {
    const { state, clock } = this.#options;
    return this.#turns.take(async () => ownerWish(await this.#sources(), kind, revision, state.current, clock.now()));
  }

  /** Does what enough owners signed; durable, audited and in force when this resolves. Throws what is missing. */
  sign(kind: OwnerWish['kind'], revision: string, signed: readonly SignedText[]): Promise<OwnerWish> {
    return this.#turns.take(async () => {
      const { state, clock, recorder } = this.#options;
      const sources = await this.#sources();
      const now = clock.now();
      const wish = await ownerWish(sources, kind, revision, state.current, now);
      const { owners, change } = await ownerSigned(sources, wish, signed, state.current, now);
      const { commit, tombstones: digest } = wish;
      await recorder.record({ kind: 'admission', subject: kind, commit, admitted: true, digest, approvedBy: owners });
      await state.update(change);
      await this.#applier.apply();
      return wish;
    });
  }

  async #sources(): Promise<ExceptionSources> {
    const { clone, trustRoot, loader } = this.#options;
    const tip = await clone.fetch(trustRoot.branch);
    if (tip === undefined) throw new SourceError('BranchGone', `the branch '${trustRoot.branch}' does not exist`);
    await checkGenesis(clone, trustRoot);
    return { clone, trustRoot, loader, tip };
  }
}
