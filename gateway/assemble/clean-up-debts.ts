import type { Clock } from '../../core/clock/clock.ts';
import type { StateStore } from '../state/state-store.ts';
import type { Conditions } from '../telemetry/conditions.ts';

/** Broker users that could not be removed: kept in the state until they are, and shown as a condition. */
export class CleanUpDebts {
  readonly #state: StateStore;
  readonly #conditions: Conditions;
  readonly #clock: Clock;

  constructor(state: StateStore, conditions: Conditions, clock: Clock) {
    this.#state = state;
    this.#conditions = conditions;
    this.#clock = clock;
    this.#show();
  }

  add(cluster: string, user: string): void {
    const { debts } = this.#state.current;
    if (debts.some((debt) => debt.cluster === cluster && debt.user === user)) return;
    const debt = { cluster, user, since: this.#clock.now() };
    this.#store(this.#state.update((state) => ({ ...state, debts: [...state.debts, debt] })));
  }

  settle(cluster: string, user: string): void {
    if (!this.#state.current.debts.some((debt) => debt.cluster === cluster && debt.user === user)) return;
    this.#store(
      this.#state.update((state) => ({
        ...state,
        debts: state.debts.filter((debt) => debt.cluster !== cluster || debt.user !== user),
      })),
    );
  }

  #store(update: Promise<void>): void {
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
  }
}
