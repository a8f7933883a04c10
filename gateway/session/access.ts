import type { Clock } from '../../core/clock/clock.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import type { Allow, Decision, Deny } from '../../core/model/decision.ts';
import type { Principal } from '../../core/model/principal.ts';
import type { Operation, Resource, ResourceKind } from '../../core/model/resource.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { decide } from '../../core/policy/decide.ts';
import { type Right, rightSet } from '../../core/policy/right-set.ts';
import { type FreshnessLevel, type FreshnessView, neverStale } from '../snapshot/freshness.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';

const mostEntries = 20_000;
/** Decisions about longer names are made each time: topics have 249 characters at most, and the cache a bound in bytes. */
const longestKept = 256;

/**
 * What one principal may do on one cluster: `decide` with a cache. An entry lives as long as the snapshot it was made
 * under and no longer than its own `until`. The cache is emptied when it is full (names come from clients). When the
 * policy repo was not read for too long, grants give nothing to a session that began since, and later nobody gets
 * anything. Connections share one Access; each asks through its own view (`from`), which alone keeps what was decided
 * by its source address.
 */
export class Access {
  readonly principal: Principal;
  readonly cluster: string;
  readonly #snapshots: SnapshotStore;
  readonly #clock: Clock;
  readonly #freshness: FreshnessView;
  /** Epoch ms. */
  readonly #since: number;
  /** What the connections of the session share; undefined in that itself. */
  readonly #shared: Access | undefined;
  #snapshot: Snapshot | undefined;
  #level: FreshnessLevel = 'fresh';
  /** By operation and kind, then name: the names of a frame are the same strings again and again. */
  readonly #cache = new Map<Operation, Map<ResourceKind, Map<string, Decision>>>();
  #entries = 0;

  constructor(
    principal: Principal,
    cluster: string,
    snapshots: SnapshotStore,
    clock: Clock,
    freshness: FreshnessView = neverStale,
    shared?: Access,
  ) {
    this.principal = principal;
    this.cluster = cluster;
    this.#snapshots = snapshots;
    this.#clock = clock;
    this.#freshness = freshness;
    this.#since = shared ? shared.#since : clock.now();
    this.#shared = shared;
  }

  /** The same access, seen from a connection of this address (without the port). */
  from(source: string): Access {
    const principal = { ...this.principal, source };
    return new Access(principal, this.cluster, this.#snapshots, this.#clock, this.#freshness, this);
  }

  decide(operation: Operation, kind: ResourceKind, name: string): Decision {
    const shared = this.#shared?.decide(operation, kind, name);
    return shared && !shared.readsSource ? shared : this.#own(operation, kind, name);
  }

  #own(operation: Operation, kind: ResourceKind, name: string): Decision {
    const snapshot = this.#snapshots.current;
    const now = this.#clock.now();
    const level = this.#levelAt(now);
    if (snapshot !== this.#snapshot || level !== this.#level) {
      this.#snapshot = snapshot;
      this.#level = level;
      this.#clear();
    }
    const known = name.length > longestKept ? undefined : this.#cache.get(operation)?.get(kind)?.get(name);
    if (known && (known.until === undefined || now < known.until)) return known;
    if (!snapshot) return nothingLoaded;
    const decision = this.#decide(snapshot, level, operation, { cluster: this.cluster, kind, name }, now);
    if (name.length <= longestKept) this.#keep(operation, kind, name, decision);
    return decision;
  }

  allows(operation: Operation, kind: ResourceKind, name: string): boolean {
    return this.decide(operation, kind, name).effect === 'allow';
  }

  /**
   * All that the principal may do here while `snapshot` (the live one, if left out) stands. Staleness is left to
   * `decide`: it passes without a new snapshot, and the broker's ACLs are made from this.
   */
  rights(snapshot: Snapshot | undefined = this.#snapshots.current): readonly Right[] {
    return snapshot ? rightSet(snapshot, this.principal, this.cluster, this.#clock.now()) : [];
  }

  hasRights(): boolean {
    return this.#usableRights().length > 0;
  }

  /** When the first of the rights that stand now ends (epoch ms); Infinity where none does. */
  firstEnd(): number {
    return Math.min(...this.#usableRights().map(({ end }) => end ?? Number.POSITIVE_INFINITY));
  }

  mayProduceSomewhere(): boolean {
    return this.#usableRights().some((right) => right.kind === 'topic' && right.operations.includes('produce'));
  }

  #usableRights(): readonly Right[] {
    const level = this.#levelAt(this.#clock.now());
    if (level === 'denied') return [];
    const snapshot = this.#snapshots.current;
    return this.rights(level === 'stale' ? snapshot && withoutGrants(snapshot) : snapshot);
  }

  /** How stale the rules are for this session: one that began before keeps its grants until everything is denied. */
  #levelAt(now: number): FreshnessLevel {
    const level = this.#freshness.level(now);
    return level === 'stale' && this.#since < this.#freshness.staleAt ? 'fresh' : level;
  }

  #keep(operation: Operation, kind: ResourceKind, name: string, decision: Decision): void {
    if (this.#entries >= mostEntries) this.#clear();
    const names = within(within(this.#cache, operation), kind);
    names.set(name, decision);
    this.#entries++;
  }

  #clear(): void {
    this.#cache.clear();
    this.#entries = 0;
  }

  #decide(snapshot: Snapshot, level: FreshnessLevel, operation: Operation, resource: Resource, now: number): Decision {
    const decision = decide(snapshot, this.principal, operation, resource, now);
    if (level === 'fresh' || decision.effect === 'deny') return decision;
    const standing =
      level === 'stale' ? decide(withoutGrants(snapshot), this.principal, operation, resource, now) : undefined;
    return standing?.effect === 'allow' ? standing : this.#stale(decision, level, operation, resource);
  }

  #stale(allow: Allow, level: FreshnessLevel, operation: Operation, { kind, name, cluster }: Resource): Deny {
    const what = `${this.principal.identity} may not ${operation} ${kind} ${name} on ${cluster}`;
    const since = `the policy repo was last read at ${formatInstant(this.#freshness.lastSuccess)}`;
    return {
      effect: 'deny',
      code: 'Stale',
      message: `${what}: ${since}, and ${level === 'stale' ? 'until it is read again grants open no new sessions' : 'until it is read again nothing is allowed'}`,
      rule: allow.rule,
      until: undefined,
      nearestMiss: undefined,
      readsSource: allow.readsSource,
    };
  }
}

/** The map that stands under a key, made when it is first asked for. */
function within<K, K2, V>(maps: Map<K, Map<K2, V>>, key: K): Map<K2, V> {
  let map = maps.get(key);
  if (!map) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}

const lean = new WeakMap<Snapshot, Snapshot>();

/**
 * The same rules with no grant but those of emergencies, which are for when git or the forge is down. One object per
 * snapshot, since `decide` keeps its tables by it.
 */
function withoutGrants(snapshot: Snapshot): Snapshot {
  let found = lean.get(snapshot);
  if (!found) {
    found = { ...snapshot, grants: new Map([...snapshot.grants].filter(([, { emergency }]) => emergency)) };
    lean.set(snapshot, found);
  }
  return found;
}

const nothingLoaded: Decision = {
  effect: 'deny',
  code: 'NoRule',
  message: 'No policy is loaded yet.',
  rule: { kind: 'default', name: 'default', at: undefined },
  until: undefined,
  nearestMiss: undefined,
  readsSource: false,
};
