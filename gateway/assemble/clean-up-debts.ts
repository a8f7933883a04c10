import type { Clock } from '../../core/clock/clock.ts';
import { UpstreamError } from '../../core/errors/sluice-error.ts';
import type { CleanupDebt, StateStore } from '../state/state-store.ts';
import type { Conditions } from '../telemetry/conditions.ts';

/** Left-over users of one cluster from which on nobody new is let in: each of them still opens the broker. */
export const mostDebts = 50;

/**
 * Broker users that could not be removed: kept in the state until they are, and shown as a condition. While they are
 * too many, no new session of the cluster begins.
 */
export class CleanUpDebts {
  readonly #state: StateStore;
  readonly #conditions: Conditions;
  readonly #clock: Clock;
  readonly #onChange: (counts: ReadonlyMap<string, number>) => void;

  /** `onChange` hears how many each cluster has, now and whenever it is another number. */
  constructor(
    state: StateStore,
    conditions: Conditions,
    clock: Clock,
    onChange: (counts: ReadonlyMap<string, number>) => void = () => {},
  ) {
    this.#state = state;
    this.#conditions = conditions;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#show();
  }

  /** By cluster; those without any are left out. */
  get counts(): ReadonlyMap<string, number> {
    const byCluster = Map.groupBy(this.#state.current.debts, ({ cluster }) => cluster);
    return new Map([...byCluster].map(([cluster, debts]) => [cluster, debts.length]));
  }

  add(cluster: string, user: string): void {
    const debt = { cluster, user, since: this.#clock.now() };
    this.#store((debts) => (debts.some(isOf(cluster, user)) ? debts : [...debts, debt]));
  }

  settle(cluster: string, user: string): void {
    const isSettled = isOf(cluster, user);
    this.#store((debts) => (debts.some(isSettled) ? debts.filter((debt) => !isSettled(debt)) : debts));
  }

  /** Looks at the debts when its turn has come: an addition and a settlement may follow each other closely. */
  #store(change: (debts: readonly CleanupDebt[]) => readonly CleanupDebt[]): void {
    const update = this.#state.update((state) => {
      const debts = change(state.debts);
      return debts === state.debts ? state : { ...state, debts };
    });
    update.then(
      () => this.#show(),
      () => this.#conditions.set('CleanUpPending', 'Unknown', 'StateUnusable', 'the state could not be written'),
    );
  }

  #show(): void {
    const count = this.#state.current.debts.length;
    this.#conditions.set(
      'CleanUpPending',
      count > 0 ? 'True' : 'False',
      count > 0 ? 'UsersLeft' : 'Clean',
      count > 0 ? `${count} broker users could not be removed yet` : 'no broker user is left over',
    );
    this.#onChange(this.counts);
  }
}

/** Throws UpstreamError while the cluster has too many left-over users to make more. */
export function assertFewDebts(cluster: string, count: number): void {
  if (count < mostDebts) return;
  throw new UpstreamError('BrokerRefused', 'no new session is opened', {
    why: `${count} broker users of cluster '${cluster}' could not be removed yet`,
    fix: "check the gateway's broker credentials and that the cluster answers; removal is tried again by itself",
    retry: 'later',
  });
}

function isOf(cluster: string, user: string): (debt: CleanupDebt) => boolean {
  return (debt) => debt.cluster === cluster && debt.user === user;
}
