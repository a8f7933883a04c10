/**
 * A ClusterProxy with everything that it needs around it, in this process: snapshots are put in by hand, audit events
 * are kept in memory. For tests of the data path, in front of a scripted broker or a real one.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent, CloseReason, EventOrigin } from '../../core/audit/event.ts';
import { type Clock, systemClock } from '../../core/clock/clock.ts';
import { UpstreamError } from '../../core/errors/sluice-error.ts';
import { compileMasks } from '../../core/mask/compile-masks.ts';
import { maskKeys } from '../../core/mask/mask-keys.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { ClusterConfig } from '../../gateway/config/gateway-config.ts';
import type { Authenticated } from '../../gateway/identity/authenticator.ts';
import { ClusterProxy, type ClusterProxyOptions } from '../../gateway/kafka/proxy/cluster-proxy.ts';
import type { Buffers } from '../../gateway/kafka/proxy/connection-world.ts';
import { BufferBudget } from '../../gateway/net/buffer-budget.ts';
import { SpareMemory } from '../../gateway/net/spare-memory.ts';
import { FloodQuota } from '../../gateway/recorder/flood-quota.ts';
import { SessionRegistry } from '../../gateway/session/session-registry.ts';
import { SnapshotExpiry } from '../../gateway/snapshot/expiry.ts';
import { SnapshotStore } from '../../gateway/snapshot/snapshot-store.ts';
import { Metrics } from '../../gateway/telemetry/metrics.ts';
import { tempDir } from './temp-dir.ts';

/** A recorder in memory, whose disk a test can take away. */
export class MemoryRecorder {
  readonly events: AuditEvent[] = [];
  full = false;
  /** What becomes of events that have to be durable. */
  disk: 'works' | 'fails' | 'hangs' = 'works';

  append(event: AuditEvent, origin?: EventOrigin): boolean {
    this.events.push({ ...origin, ...event });
    return !this.full;
  }

  appendStrict(event: AuditEvent, durable: (error: UpstreamError | undefined) => void, origin?: EventOrigin): boolean {
    this.events.push({ ...origin, ...event });
    const error = this.disk === 'fails' ? new UpstreamError('RecorderFailed', 'the disk is gone') : undefined;
    if (this.disk !== 'hangs') setImmediate(durable, error);
    return !this.full;
  }

  /** The events of a kind, in order. */
  of<K extends AuditEvent['kind']>(kind: K): Extract<AuditEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<AuditEvent, { kind: K }> => event.kind === kind);
  }
}

/** Who a token is of, in tests without an issuer. */
export type Authenticate = (token: string, user: string | undefined) => Promise<Authenticated>;

export interface ProxyWorldOptions {
  readonly broker: { readonly host: string; readonly port: number; readonly user?: string; readonly password?: string };
  readonly snapshot: Snapshot;
  readonly authenticate: Authenticate;
  readonly clock?: Clock;
  readonly sessionIdle?: number;
  readonly tls?: ClusterConfig['tls'];
  readonly listenTls?: ClusterConfig['listen']['tls'];
  readonly maxUnauthenticated?: number;
  readonly maxIdle?: number;
  readonly maxBufferedBytes?: number;
  readonly reason?: CloseReason;
}

export interface ProxyWorld extends AsyncDisposable {
  readonly proxy: ClusterProxy;
  readonly snapshots: SnapshotStore;
  readonly sessions: SessionRegistry;
  readonly recorder: MemoryRecorder;
  readonly metrics: Metrics;
  readonly buffers: Buffers;
  /** `host:port` for clients. */
  readonly address: string;
  readonly port: number;
  /** Users that could not be removed. */
  readonly debts: string[];
  /** What the proxy logged. */
  readonly log: readonly string[];
  /** Prepares and swaps, as the reconcile loop does. */
  apply(next: Snapshot): Promise<void>;
}

/** Starts it; `await using` ends it. */
export async function proxyWorld(options: ProxyWorldOptions): Promise<ProxyWorld> {
  await using stack = new AsyncDisposableStack();
  const clock = options.clock ?? systemClock;
  const dir = stack.use(await tempDir());
  const { host, port, user = 'admin', password = 'admin-secret' } = options.broker;
  const passwordFile = join(dir.path, 'password');
  await writeFile(passwordFile, password);
  const snapshots = new SnapshotStore();
  snapshots.swap(options.snapshot);
  const sessions = new SessionRegistry(snapshots, clock, () => options.sessionIdle ?? 300_000);
  stack.use(new SnapshotExpiry(snapshots, clock, () => sessions.recheckAll()));
  const recorder = new MemoryRecorder();
  const flood = new FloodQuota({ clock, write: (event) => recorder.append(event), room: () => true });
  stack.defer(() => flood.close());
  const debts: string[] = [];
  const log: string[] = [];
  const note = (message: string, fields?: { code?: string; reason?: string; error?: unknown }): unknown =>
    log.push([message, fields?.code, fields?.reason, fields?.error].filter(Boolean).join(' '));
  const metrics = new Metrics();
  const bytes = options.maxBufferedBytes ?? 256 << 20;
  const buffers = {
    requests: new BufferBudget(bytes, clock),
    answers: new BufferBudget(bytes, clock),
    spare: new SpareMemory(),
  };
  const keys = maskKeys('k1', Buffer.alloc(32, 7));
  const config: ClusterConfig = {
    name: 'main',
    bootstrap: [{ host, port }],
    tls: options.tls,
    credentials: { mechanism: 'SCRAM-SHA-512', username: user, passwordFile },
    listen: {
      host: '127.0.0.1',
      advertisedHost: '127.0.0.1',
      port: 0,
      brokerPorts: undefined,
      tls: options.listenTls,
      sni: false,
      maxIdle: options.maxIdle ?? 600_000,
      maxUnauthenticated: options.maxUnauthenticated ?? 1024,
    },
    sessionIdle: options.sessionIdle ?? 300_000,
  };
  const proxyOptions: ClusterProxyOptions = {
    gateway: 'gw-test',
    config,
    clock,
    log: { debug: note, info: note, warn: note, error: note },
    metrics,
    recorder,
    flood,
    buffers,
    sessions,
    authenticator: { authenticate: options.authenticate },
    maskers: (allow, on) => (allow.masks.length === 0 ? undefined : compileMasks(allow.masks, on, keys)),
    onDebt: ({ user: left }) => debts.push(left),
    onSettled: () => {},
    onHealth: () => {},
    lossReason: () => options.reason ?? 'expired',
  };
  const proxy = stack.use(await ClusterProxy.start(proxyOptions));
  stack.defer(() => sessions.endAll('shutdown'));
  const started = stack.move();
  return {
    proxy,
    snapshots,
    sessions,
    recorder,
    metrics,
    buffers,
    address: proxy.address,
    port: Number(proxy.address.split(':').at(-1)),
    debts,
    log,
    async apply(next) {
      await proxy.prepare(next);
      snapshots.swap(next);
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
