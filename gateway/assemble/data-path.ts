import type { CloseReason } from '../../core/audit/event.ts';
import type { Clock } from '../../core/clock/clock.ts';
import { forwardOnly } from '../../core/clock/forward-clock.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import type { SessionStatus } from '../../core/model/admin-api.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { Authenticator } from '../identity/authenticator.ts';
import { TokenVerifier } from '../identity/token-verifier.ts';
import type { Maskers } from '../kafka/enforce/context.ts';
import { ClusterProxy } from '../kafka/proxy/cluster-proxy.ts';
import type { Buffers } from '../kafka/proxy/connection-world.ts';
import { BufferBudget } from '../net/buffer-budget.ts';
import { SpareMemory } from '../net/spare-memory.ts';
import { waits } from '../reconcile/first-use-desk.ts';
import { FloodQuota } from '../recorder/flood-quota.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { Session } from '../session/session.ts';
import { SessionRegistry } from '../session/session-registry.ts';
import { SnapshotExpiry } from '../snapshot/expiry.ts';
import { Freshness } from '../snapshot/freshness.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics, MetricValues } from '../telemetry/metrics.ts';
import type { DataPlane, PlaneReport } from '../workers/data-plane.ts';
import { assertFewDebts } from './clean-up-debts.ts';
import { clearsUp, partName } from './part-name.ts';

export interface DataPathOptions {
  readonly config: GatewayConfig;
  /** Number of the worker that this process is; undefined = the gateway is this process. */
  readonly worker?: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly recorder: Recorder;
  readonly maskers: Maskers;
  /** Epoch ms of the last fetch; undefined = none is known. */
  readonly lastFetch: number | undefined;
  readonly onDebt: (cluster: string, user: string) => void;
  readonly onSettled: (cluster: string, user: string) => void;
  /** A grant of this subject waits for its first use, which this login is; resolves when its window has begun. */
  readonly onFirstUse: (subject: string, cluster: string) => Promise<void>;
  readonly onHealth: (cluster: string, healthy: boolean, message: string) => void;
  /** Which port a listener of a cluster takes, where several processes listen on the same; undefined node = bootstrap. */
  readonly portFor?: (cluster: string, nodeId: number | undefined) => Promise<number>;
}

/** Everything of one process that serves clients: sessions, proxies, and the rules they are held to. */
export class DataPath implements DataPlane {
  readonly #options: DataPathOptions;
  readonly #clock: Clock;
  readonly #snapshots = new SnapshotStore();
  readonly #freshness: Freshness;
  readonly #expiry: SnapshotExpiry;
  readonly #sessions: SessionRegistry;
  readonly #authenticator: Authenticator;
  readonly #flood: FloodQuota;
  readonly #buffers: Buffers;
  readonly trouble = undefined;
  readonly #proxies = new Map<string, ClusterProxy>();
  #leftOver: ReadonlyMap<string, number> = new Map();

  constructor(options: DataPathOptions) {
    const { config, clock, metrics, recorder } = options;
    this.#options = options;
    this.#clock = clock;
    this.#flood = new FloodQuota({
      clock,
      write: (event) => recorder.append(event),
      room: () => !recorder.full && recorder.healthy,
    });
    this.#buffers = {
      requests: new BufferBudget(config.maxBufferedBytes, clock),
      answers: new BufferBudget(config.maxBufferedBytes, clock),
      spare: new SpareMemory(),
    };
    metrics.gauge('sluice_buffered_bytes', 'Memory of frames under way, beyond what each connection has.', ['of'], () =>
      (['requests', 'answers'] as const).map((of) => ({ labels: { of }, value: this.#buffers[of].used })),
    );
    this.#freshness = new Freshness({
      clock,
      maxStaleness: config.trustRoot.maxStaleness,
      maxStaleDeny: config.trustRoot.maxStaleDeny,
      lastSuccess: options.lastFetch,
      onChange: () => this.#sessions.recheckAll(),
    });
    const decisionClock = forwardOnly(clock); // a right that ended stays ended, whoever sets the clock back
    const idle = new Map(config.clusters.map((cluster) => [cluster.name, cluster.sessionIdle]));
    this.#expiry = new SnapshotExpiry(this.#snapshots, decisionClock, () => this.#sessions.recheckAll());
    this.#sessions = new SessionRegistry(
      this.#snapshots,
      decisionClock,
      (cluster) => idle.get(cluster) ?? 0,
      this.#freshness,
    );
    this.#sessions.listen({
      opened: (session) => recorder.append({ ...originOf(session), kind: 'session_open' }),
      changed: () => {},
      closed: (session, reason) => recorder.append({ ...originOf(session), kind: 'session_close', reason }),
    });
    const tokens = new TokenVerifier(config.trustRoot.issuers, clock);
    this.#authenticator = new Authenticator(tokens, () => this.#snapshots.current?.policies, clock);
    metrics.gauge('sluice_connections', 'Open client connections.', ['cluster'], () =>
      [...this.#proxies].map(([cluster, proxy]) => ({ labels: { cluster }, value: proxy.connectionCount })),
    );
    metrics.gauge('sluice_arrivals', 'Connections whose client has not logged in.', ['cluster'], () =>
      [...this.#proxies].map(([cluster, proxy]) => ({ labels: { cluster }, value: proxy.arrivalCount })),
    );
    metrics.gauge('sluice_sessions', 'Sessions.', [], () => [{ labels: {}, value: this.#sessionCount }]);
  }

  async listen(): Promise<void> {
    const { config, worker, clock, log, metrics, recorder, maskers, onDebt, onSettled, onHealth, onFirstUse, portFor } =
      this.#options;
    const users = new Set<string>();
    for (const cluster of config.clusters) {
      const { name } = cluster;
      const proxy = await ClusterProxy.start({
        gateway: partName(config.name, worker),
        clearsUp: (owner) => clearsUp(config.name, worker, worker === undefined ? 0 : config.workers, owner),
        users,
        config: cluster,
        clock,
        log,
        metrics,
        recorder,
        flood: this.#flood,
        buffers: this.#buffers,
        sessions: this.#sessions,
        authenticator: {
          authenticate: async (token, user) => {
            assertFewDebts(name, this.#leftOver.get(name) ?? 0);
            const found = await this.#authenticator.authenticate(token, user);
            if (this.#waitsFor(found.principal.identity, name)) await onFirstUse(found.principal.identity, name);
            return found;
          },
        },
        maskers,
        onDebt: ({ user }) => onDebt(name, user),
        onSettled: (user) => onSettled(name, user),
        onHealth: (healthy, message) => onHealth(name, healthy, message),
        lossReason: (session) => this.#lossReason(session),
        ...(portFor ? { portFor: (nodeId) => portFor(name, nodeId) } : {}),
      });
      this.#proxies.set(name, proxy);
    }
  }

  /** The recorder has room again. */
  resume(): void {
    for (const proxy of this.#proxies.values()) proxy.resume();
  }

  /** Asked once a login. Under rules that are too old nothing begins. */
  #waitsFor(subject: string, cluster: string): boolean {
    const now = this.#clock.now();
    if (this.#freshness.level(now) !== 'fresh') return false;
    return [...(this.#snapshots.current?.grants.values() ?? [])].some((grant) => waits(grant, subject, cluster, now));
  }

  async prepare(next: Snapshot): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.prepare(next)));
  }

  async apply(next: Snapshot): Promise<void> {
    this.#snapshots.swap(next);
  }

  fetched(at: number): void {
    this.#freshness.fetched(at);
  }

  leftOver(counts: ReadonlyMap<string, number>): void {
    this.#leftOver = counts;
  }

  async report(): Promise<PlaneReport> {
    const clusters = [...this.#proxies].map(([name, proxy]) => ({
      name,
      address: proxy.address,
      connections: proxy.connectionCount,
    }));
    return { clusters, sessions: this.#sessionCount, workers: [] };
  }

  async sessions(): Promise<readonly SessionStatus[]> {
    return [...this.#sessions.all()].map((session) => ({
      id: session.id,
      principal: session.principal.identity,
      cluster: session.cluster,
      connections: session.connections.size,
      openedAt: formatInstant(session.openedAt),
      worker: this.#options.worker,
    }));
  }

  async kill(session: string): Promise<boolean> {
    return this.#sessions.kill(session);
  }

  async metrics(): Promise<readonly MetricValues[]> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sessions.endAll('shutdown');
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
    this.#expiry[Symbol.dispose]();
    this.#freshness[Symbol.dispose]();
    this.#flood.close();
  }

  get #sessionCount(): number {
    return [...this.#sessions.all()].length;
  }

  /** A session lost access just now: by a revocation when one names it, else because time or a new revision ended it. */
  #lossReason(session: Session): CloseReason {
    if (this.#freshness.level(this.#clock.now()) === 'denied') return 'stale';
    const snapshot = this.#snapshots.current;
    const named = snapshot?.tombstones.some(({ target }) =>
      'subject' in target
        ? target.subject === session.principal.identity
        : snapshot.grants.get(target.grant)?.subject === session.principal.identity,
    );
    return named ? 'revoked' : 'expired';
  }
}

function originOf(session: Session): { sid: string; principal: string; cluster: string } {
  return { sid: session.id, principal: session.principal.identity, cluster: session.cluster };
}
