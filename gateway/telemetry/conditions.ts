import type { Clock } from '../../core/clock/clock.ts';
import type { Condition } from '../../core/model/condition.ts';

/** The gateway's conditions: set by whoever knows, read by /status and the metrics. */
export class Conditions {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Condition>();
  readonly #onChange: ((condition: Condition) => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(type: Condition['type'], status: Condition['status'], reason: string, message: string): void {
    const old = this.#byKey.get(type);
    const same = old?.status === status && old.reason === reason;
    const next = { type, status, reason, message, since: same ? old.since : this.#clock.now() };
    this.#byKey.set(type, next);
    if (!same) for (const call of this.#onChange) call(next);
  }

  get(type: Condition['type']): Condition | undefined {
    return this.#byKey.get(type);
  }

  all(): readonly Condition[] {
    return [...this.#byKey.values()];
  }

  onChange(call: (condition: Condition) => void): void {
    this.#onChange.push(call);
  }
}
