import type { GatewayStatus, SessionStatus } from '../../core/model/admin-api.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { MetricValues } from '../telemetry/metrics.ts';

/** What the data path has to say about itself. */
export type PlaneReport = Pick<GatewayStatus, 'clusters' | 'sessions' | 'workers'>;

/**
 * Where clients are served, as control sees it: in this process, or in workers of their own. Control decides what the
 * rules are; the data plane holds connections to them.
 */
export interface DataPlane extends AsyncDisposable {
  /** Why clients are not served now; undefined = they are. */
  readonly trouble: string | undefined;
  /** Opens the listeners. Rejects with SluiceError when that cannot be done. */
  listen(): Promise<void>;
  /** Gives the brokers what the next snapshot allows, before it is used. */
  prepare(next: Snapshot): Promise<void>;
  /**
   * Puts a snapshot in force. When it resolves nothing is served under an earlier one, anywhere: what does not answer
   * in time is ended. In this process it holds when the call returns.
   */
  apply(next: Snapshot): Promise<void>;
  /** The policy repo was read at this epoch ms. */
  fetched(at: number): void;
  /** How many broker users of each cluster could not be removed yet; clusters without any are left out. */
  leftOver(counts: ReadonlyMap<string, number>): void;
  report(): Promise<PlaneReport>;
  sessions(): Promise<readonly SessionStatus[]>;
  /** Cuts a session's connections. False when there is no such session. */
  kill(session: string): Promise<boolean>;
  /** Counts of other processes, one list each, to be added to this one's. */
  metrics(): Promise<readonly MetricValues[]>;
}
