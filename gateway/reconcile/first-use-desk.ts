import type { Clock } from '../../core/clock/clock.ts';
import type { AdmittedGrant } from '../../core/model/right.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { GatewayState, StateStore } from '../state/state-store.ts';
import type { StateApplier } from './apply-state.ts';
import { isOver } from './ended.ts';
import { Turns } from './turns.ts';

export interface FirstUseDeskOptions {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly recorder: Pick<Recorder, 'record'>;
}

/**
 * Begins the windows of grants that start at their first use, which is their subject's first login on the cluster: it is
 * in the state, in the audit log and in force everywhere before the login goes on, so no byte comes before it.
 */
export class FirstUseDesk {
  readonly #options: FirstUseDeskOptions;
  readonly #applier: StateApplier;
  readonly #turns = new Turns();

  constructor(options: FirstUseDeskOptions, applier: StateApplier) {
    this.#options = options;
    this.#applier = applier;
  }

  /** Resolves when every grant of the subject that waited for this login has begun. */
  begin(subject: string, cluster: string): Promise<void> {
    return this.#turns.take(async () => {
      const { state, clock, recorder } = this.#options;
      const now = clock.now();
      const begun = Object.values(state.current.grants)
        .filter(({ grant }) => waits(grant, subject, cluster, now) && !isOver(state.current, grant))
        .map(({ grant }) => begunAt(grant, now));
      for (const { uid, name, commit, end, approvedBy } of begun) {
        const what = { uid, name, commit, of: subject, until: end, admitted: true, approvedBy };
        await recorder.record({ kind: 'admission', subject: 'firstUse', ...what });
      }
      await state.update((current) => begun.reduce(withBegun, current));
      await this.#applier.apply(); // also when another login began it just now
    });
  }
}

/** Whether a login now would begin the grant. */
export function waits(grant: AdmittedGrant, subject: string, cluster: string, now: number): boolean {
  const { firstUse } = grant;
  return (
    firstUse !== undefined &&
    grant.subject === subject &&
    grant.cluster === cluster &&
    firstUse.from <= now &&
    now < grant.end
  );
}

function begunAt({ firstUse, ...grant }: AdmittedGrant, now: number): AdmittedGrant {
  return { ...grant, start: now, end: Math.min(now + (firstUse?.duration ?? 0), grant.end) };
}

/** Unless it was shortened or begun meanwhile. */
function withBegun(state: GatewayState, grant: AdmittedGrant): GatewayState {
  const entry = state.grants[grant.uid];
  if (!entry?.grant.firstUse) return state;
  const end = Math.min(grant.end, entry.grant.end);
  return { ...state, grants: { ...state.grants, [grant.uid]: { ...entry, grant: { ...grant, end } } } };
}
