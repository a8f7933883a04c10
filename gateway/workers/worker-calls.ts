import type { SessionStatus } from '../../core/model/admin-api.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { MetricValues } from '../telemetry/metrics.ts';

/** What holds for a worker from its beginning. */
export interface WorkerOrders {
  readonly snapshot: Snapshot | undefined;
  /** Epoch ms of the last fetch; undefined = none is known. */
  readonly lastFetch: number | undefined;
  readonly leftOver: ReadonlyMap<string, number>;
}

/** A worker's own counts. */
export interface WorkerReport {
  readonly clusters: readonly { readonly name: string; readonly address: string; readonly connections: number }[];
  readonly sessions: number;
  readonly metrics: MetricValues;
}

/** What control may ask of a worker. `open` comes first and once, then `start`, then the others in any order. */
export interface WorkerSide {
  /** Opens the recording. The configuration is control's: a file that was changed since is not read. */
  open(config: GatewayConfig, worker: string): Promise<void>;
  /** Puts the orders in force at once, then listens; resolves when every listener is open. */
  start(orders: WorkerOrders): Promise<void>;
  prepare(next: Snapshot): Promise<void>;
  apply(next: Snapshot): Promise<void>;
  fetched(at: number): void;
  leftOver(counts: ReadonlyMap<string, number>): void;
  report(): Promise<WorkerReport>;
  sessions(): Promise<readonly SessionStatus[]>;
  kill(session: string): Promise<boolean>;
  /** Ends in order: connections are cut, broker users removed, the recording closed. */
  stop(): Promise<void>;
}

/** What a worker may tell, or ask of, control. */
export interface ControlSide {
  /** The worker's code is loaded: it can be asked. */
  hello(): void;
  /** The port of a listener; undefined node = bootstrap. */
  portFor(cluster: string, nodeId: number | undefined): Promise<number>;
  /** The subject logs in on the cluster while a grant waits for that; answered when its window has begun everywhere. */
  firstUse(subject: string, cluster: string): Promise<void>;
  debt(cluster: string, user: string): void;
  settled(cluster: string, user: string): void;
  brokerHealth(cluster: string, healthy: boolean, message: string): void;
  recorderHealth(healthy: boolean, message: string): void;
}
