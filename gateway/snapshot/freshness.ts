import { alarmAt } from '../../core/clock/alarm.ts';
import type { Clock, Timer } from '../../core/clock/clock.ts';

/**
 * `fresh`: everything holds. `stale`: sessions that began after the start of this state get nothing from grants.
 * `denied`: nobody gets anything.
 */
export type FreshnessLevel = 'fresh' | 'stale' | 'denied';

/** What decisions ask. */
export interface FreshnessView {
  level(now: number): FreshnessLevel;
  /** Epoch ms of the last successful fetch. */
  readonly lastSuccess: number;
  /** Epoch ms at which grants stop opening sessions, unless there is a fetch before. */
  readonly staleAt: number;
}

/** For what follows no remote. */
export const neverStale: FreshnessView = {
  level: () => 'fresh',
  lastSuccess: Number.POSITIVE_INFINITY,
  staleAt: Number.POSITIVE_INFINITY,
};

export interface FreshnessOptions {
  readonly clock: Clock;
  /** ms without a successful fetch. */
  readonly maxStaleness: number;
  readonly maxStaleDeny: number;
  /** Epoch ms of the last successful fetch of an earlier run; undefined = none is known. */
  readonly lastSuccess: number | undefined;
  /** The level is another one now. */
  readonly onChange: (level: FreshnessLevel) => void;
}

/**
 * How long ago the policy repo was read: a gateway that cannot hear of a revocation must not let people in for ever.
 * Counted on the wall clock and on the monotonic one, whichever is further. A gateway that does not know when it last
 * fetched starts stale: grants wait for the first fetch, standing access gets the rest of the time.
 */
export class Freshness implements FreshnessView, Disposable {
  readonly #options: FreshnessOptions;
  #lastSuccess: number;
  #rung: FreshnessLevel = 'fresh';
  #told: FreshnessLevel = 'fresh';
  #alarms: readonly Timer[] = [];

  constructor(options: FreshnessOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.#lastSuccess = Math.min(options.lastSuccess ?? now - options.maxStaleness, now);
    this.#told = this.level(now);
    this.#arm();
  }

  get lastSuccess(): number {
    return this.#lastSuccess;
  }

  get staleAt(): number {
    return this.#lastSuccess + this.#options.maxStaleness;
  }

  get denyAt(): number {
    return this.#lastSuccess + this.#options.maxStaleDeny;
  }

  level(now: number): FreshnessLevel {
    if (this.#rung === 'denied' || now >= this.denyAt) return 'denied';
    return this.#rung === 'stale' || now >= this.staleAt ? 'stale' : 'fresh';
  }

  /** The policy repo was read, just now or at this epoch ms. */
  fetched(at = this.#options.clock.now()): void {
    this.#lastSuccess = Math.min(at, this.#options.clock.now());
    this.#rung = 'fresh';
    this.#arm();
    this.#tell();
  }

  [Symbol.dispose](): void {
    for (const alarm of this.#alarms) alarm.cancel();
  }

  /** Both alarms at once: a later one would be set by a wall clock that may have been set back since. */
  #arm(): void {
    for (const alarm of this.#alarms) alarm.cancel();
    const { clock } = this.#options;
    const level = this.level(clock.now());
    const ring = (next: FreshnessLevel, at: number): Timer =>
      alarmAt(clock, at, () => {
        this.#rung = next;
        this.#tell();
      });
    this.#alarms = [
      ...(level === 'fresh' ? [ring('stale', this.staleAt)] : []),
      ...(level === 'denied' ? [] : [ring('denied', this.denyAt)]),
    ];
  }

  #tell(): void {
    const level = this.level(this.#options.clock.now());
    if (level === this.#told) return;
    this.#told = level;
    this.#options.onChange(level);
  }
}
