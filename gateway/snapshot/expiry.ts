import { alarmAt } from '../../core/clock/alarm.ts';
import type { Clock, Timer } from '../../core/clock/clock.ts';
import { windowAt } from '../../core/clock/hours.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** Calls back at each moment at which the live snapshot gives other answers by time alone: grants, hours, revocations. */
export class SnapshotExpiry implements Disposable {
  readonly #clock: Clock;
  readonly #onBoundary: () => void;
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;

  constructor(snapshots: SnapshotStore, clock: Clock, onBoundary: () => void) {
    this.#clock = clock;
    this.#onBoundary = onBoundary;
    this.#unsubscribe = snapshots.subscribe((next) => this.#arm(next));
    if (snapshots.current) this.#arm(snapshots.current);
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#timer?.cancel();
  }

  #arm(snapshot: Snapshot): void {
    this.#timer?.cancel();
    const at = nextBoundary(snapshot, this.#clock.now());
    if (at === undefined) return;
    this.#timer = alarmAt(this.#clock, at, () => {
      this.#onBoundary();
      this.#arm(snapshot);
    });
  }
}

/** The first epoch ms after `now` at which an answer can change without a new snapshot. */
export function nextBoundary(snapshot: Snapshot, now: number): number | undefined {
  const moments: number[] = [];
  for (const grant of snapshot.grants.values()) moments.push(grant.start, grant.end);
  for (const { until } of snapshot.tombstones) if (until !== undefined) moments.push(until);
  for (const { limits } of snapshot.policies.policies.values()) {
    const boundary = limits.hours && windowAt(limits.hours, now).until;
    if (boundary !== undefined) moments.push(boundary);
  }
  const later = moments.filter((moment) => moment > now);
  return later.length > 0 ? Math.min(...later) : undefined;
}
