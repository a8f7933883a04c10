import { randomBytes } from 'node:crypto';
import type { CloseReason } from '../../core/audit/event.ts';
import type { Clock, Timer } from '../../core/clock/clock.ts';
import type { Principal } from '../../core/model/principal.ts';
import { lacksClaims } from '../../core/policy/read-claims.ts';
import { type FreshnessView, neverStale } from '../snapshot/freshness.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { Access } from './access.ts';
import { Session, type SessionConnection } from './session.ts';

export interface SessionListener {
  opened(session: Session): void;
  /** Access may have changed (new snapshot, a grant began or ended); called before the connections look again. */
  changed(session: Session): void;
  /** The last connection is gone and the idle time is over. */
  closed(session: Session, reason: CloseReason): void;
}

/**
 * All sessions of this gateway. A session begins with a principal's first connection to a cluster and ends when the
 * last one has been gone for the cluster's idle time. Every snapshot swap and every boundary in time makes all of
 * them look again, synchronously, so that a narrowing is in force when the call returns.
 */
export class SessionRegistry {
  readonly #snapshots: SnapshotStore;
  readonly #clock: Clock;
  readonly #idle: (cluster: string) => number;
  readonly #freshness: FreshnessView;
  readonly #sessions = new Map<string, Session>();
  readonly #idleTimers = new Map<Session, Timer>();
  readonly #listeners: SessionListener[] = [];

  constructor(
    snapshots: SnapshotStore,
    clock: Clock,
    idle: (cluster: string) => number,
    freshness: FreshnessView = neverStale,
  ) {
    this.#snapshots = snapshots;
    this.#clock = clock;
    this.#idle = idle;
    this.#freshness = freshness;
    snapshots.subscribe(() => {
      this.recheckAll();
      this.#cutForgotten();
    });
  }

  listen(listener: SessionListener): void {
    this.#listeners.push(listener);
  }

  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** Adds a connection to its principal's session on the cluster, which is made when there is none. */
  join(principal: Principal, cluster: string, connection: SessionConnection): Session {
    const key = sessionKey(principal, cluster);
    let session = this.#sessions.get(key);
    if (!session) {
      const access = new Access(principal, cluster, this.#snapshots, this.#clock, this.#freshness);
      session = new Session(randomBytes(12).toString('hex'), access, this.#clock.now());
      this.#sessions.set(key, session);
      for (const listener of this.#listeners) listener.opened(session);
    }
    this.#idleTimers.get(session)?.cancel();
    this.#idleTimers.delete(session);
    session.connections.add(connection);
    return session;
  }

  leave(session: Session, connection: SessionConnection): void {
    if (!session.connections.delete(connection) || session.connections.size > 0) return;
    const timer = this.#clock.after(this.#idle(session.cluster), () => this.#end(session, 'idle'));
    this.#idleTimers.set(session, timer);
  }

  /** Cuts every connection of a session and ends it now. False when there is no such session. */
  kill(id: string, reason: CloseReason = 'killed'): boolean {
    const session = [...this.#sessions.values()].find((entry) => entry.id === id);
    if (!session) return false;
    for (const connection of [...session.connections]) connection.cut(reason);
    this.#end(session, reason);
    return true;
  }

  recheckAll(): void {
    for (const session of [...this.#sessions.values()]) {
      for (const listener of this.#listeners) listener.changed(session);
      for (const connection of [...session.connections]) connection.recheck();
    }
  }

  /** Who logged in before a condition read another claim has to come again: until then it is not met. */
  #cutForgotten(): void {
    const policies = this.#snapshots.current?.policies;
    if (!policies) return;
    for (const session of [...this.#sessions.values()]) {
      if (!lacksClaims(policies, session.principal)) continue;
      for (const connection of [...session.connections]) connection.cut('expired');
    }
  }

  endAll(reason: CloseReason): void {
    for (const session of [...this.#sessions.values()]) this.kill(session.id, reason);
  }

  #end(session: Session, reason: CloseReason): void {
    this.#idleTimers.get(session)?.cancel();
    this.#idleTimers.delete(session);
    const key = sessionKey(session.principal, session.cluster);
    if (this.#sessions.get(key) !== session) return;
    this.#sessions.delete(key);
    for (const listener of this.#listeners) listener.closed(session, reason);
  }
}

/** Two principals share a session only when nothing that is known of them but the address differs. */
function sessionKey(principal: Principal, cluster: string): string {
  return JSON.stringify([cluster, principal.identity, principal.issuer, principal.claimGroups, principal.claims]);
}
