import type { Socket } from 'node:net';
import type { CleanupEvent, CloseReason } from '../../../core/audit/event.ts';
import type { Clock } from '../../../core/clock/clock.ts';
import type { Deny } from '../../../core/model/decision.ts';
import type { Operation, ResourceKind } from '../../../core/model/resource.ts';
import type { Authenticated } from '../../identity/authenticator.ts';
import type { BufferBudget } from '../../net/buffer-budget.ts';
import type { SpareMemory } from '../../net/spare-memory.ts';
import type { FloodQuota } from '../../recorder/flood-quota.ts';
import type { Recorder } from '../../recorder/recorder.ts';
import type { Session, SessionConnection } from '../../session/session.ts';
import type { SessionRegistry } from '../../session/session-registry.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { ClusterTopicNames } from '../broker/topic-names.ts';
import type { BrokerFeatures, ClusterView, Maskers, Membership } from '../enforce/context.ts';
import type { OpenTransaction } from '../enforce/open-transactions.ts';

/** What all connections of the process may keep in memory, one for each direction so that neither waits for the other. */
export interface Buffers {
  readonly requests: BufferBudget;
  readonly answers: BufferBudget;
  /** For answers that are made here. */
  readonly spare: SpareMemory;
}

/** What is told of a refusal: a decision, or something that only the data path knows. */
export type Refused = Pick<Deny, 'message' | 'nearestMiss'> & { readonly code: string };

/** Everything a client connection has around it. One object per listener, shared by its connections. */
export interface ConnectionWorld {
  readonly cluster: string;
  /** `bootstrap`, or the node id of the broker that the port stands for. */
  readonly listener: string;
  /** ms without a byte in either direction after which a client's connection is closed. */
  readonly maxIdle: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly bytesIn: Readonly<Record<string, string>>;
  readonly bytesOut: Readonly<Record<string, string>>;
  readonly recorder: Pick<Recorder, 'append' | 'appendStrict' | 'full'>;
  readonly flood: FloodQuota;
  readonly buffers: Buffers;
  readonly sessions: SessionRegistry;
  readonly view: ClusterView;
  /** undefined until a broker was asked. */
  readonly features: BrokerFeatures | undefined;
  readonly maskers: Maskers;
  readonly topicNames: Pick<ClusterTopicNames, 'nameOf' | 'learn' | 'find'>;
  authenticate(token: string, user: string | undefined): Promise<Authenticated>;
  /** A connection to this listener's broker, logged in with the session's own credential; paused. */
  dial(session: Session): Promise<Socket>;
  /** Leaves groups for a client that was cut, in the background, while the session's credential lives. */
  leaveGroups(session: Session, memberships: readonly Membership[], audit: (event: CleanupEvent) => void): void;
  /** Aborts transactions of a client that was cut, as leaveGroups. */
  endTransactions(
    session: Session,
    transactions: readonly OpenTransaction[],
    audit: (event: CleanupEvent) => void,
  ): void;
  /** Why a session's access shrank just now. */
  lossReason(session: Session): CloseReason;
  /** Tells the gateway's log, once in a while per principal and resource, what was denied and how to ask for it. */
  explain(session: Session | undefined, operation: Operation, kind: ResourceKind, name: string, deny: Refused): void;
  onClosed(connection: SessionConnection, reason: CloseReason): void;
}
