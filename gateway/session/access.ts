import type { Clock } from '../../core/clock/clock.ts';
import type { Decision } from '../../core/model/decision.ts';
import type { Principal } from '../../core/model/principal.ts';
import type { Operation, ResourceKind } from '../../core/model/resource.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { decide } from '../../core/policy/decide.ts';
import { type Right, rightSet } from '../../core/policy/right-set.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';

const mostEntries = 20_000;

/**
 * What one principal may do on one cluster: `decide` with a cache. An entry lives as long as the snapshot it was made
 * under and no longer than its own `until`. The cache is emptied when it is full (names come from clients).
 */
export class Access {
  readonly principal: Principal;
  readonly cluster: string;
  readonly #snapshots: SnapshotStore;
  readonly #clock: Clock;
  #snapshot: Snapshot | undefined;
  #cache = new Map<string, Decision>();

  constructor(principal: Principal, cluster: string, snapshots: SnapshotStore, clock: Clock) {
    this.principal = principal;
    this.cluster = cluster;
    this.#snapshots = snapshots;
    this.#clock = clock;
  }

  decide(operation: Operation, kind: ResourceKind, name: string): Decision {
    const snapshot = this.#snapshots.current;
    if (snapshot !== this.#snapshot) {
      this.#snapshot = snapshot;
      this.#cache.clear();
    }
    const now = this.#clock.now();
    const key = `${operation} ${kind} ${name}`;
    const known = this.#cache.get(key);
    if (known && (known.until === undefined || now < known.until)) return known;
    if (!snapshot) return nothingLoaded;
    const decision = decide(snapshot, this.principal, operation, { cluster: this.cluster, kind, name }, now);
    if (this.#cache.size >= mostEntries) this.#cache.clear();
    this.#cache.set(key, decision);
    return decision;
  }

  allows(operation: Operation, kind: ResourceKind, name: string): boolean {
    return this.decide(operation, kind, name).effect === 'allow';
  }

  /** All that the principal may do here while `snapshot` (the live one, if left out) stands. */
  rights(snapshot: Snapshot | undefined = this.#snapshots.current): readonly Right[] {
    return snapshot ? rightSet(snapshot, this.principal, this.cluster, this.#clock.now()) : [];
  }

  hasRights(): boolean {
    return this.rights().length > 0;
  }

  mayProduceSomewhere(): boolean {
    return this.rights().some((right) => right.kind === 'topic' && right.operations.includes('produce'));
  }
}

const nothingLoaded: Decision = {
  effect: 'deny',
  code: 'NoRule',
  message: 'No policy is loaded yet.',
  rule: { kind: 'default', name: 'default', at: undefined },
  until: undefined,
  nearestMiss: undefined,
};
