import type { Condition } from '../model/condition.ts';
import type { DenyCode } from '../model/decision.ts';
import type { MaskCount } from '../model/mask-count.ts';
import type { Operation, ResourceKind } from '../model/resource.ts';
import type { Refusal } from '../model/verdict.ts';

/**
 * What the gateway says happened. Every event is one of these kinds with these fields and no others: the writer picks
 * fields from a list (event-fields.ts), so an object that carries more can leak nothing. No field ever holds record
 * data, credentials, header or config values, or the text of a library's error.
 */

/** Who and where. Given by whoever knows it; a field that is not known is left out. */
export interface EventOrigin {
  /** Id of the Session. */
  readonly sid?: string | undefined;
  /** Id of the connection, unique in one process. */
  readonly conn?: string | undefined;
  /** Correlation id of the wire request. */
  readonly corr?: number | undefined;
  /** Identity name. */
  readonly principal?: string | undefined;
  /** uid of the Grant that allowed it. */
  readonly grant?: string | undefined;
  /** Name of the AccessPolicy that allowed it. */
  readonly policy?: string | undefined;
  /** Commit of the revision that decided. */
  readonly revision?: string | undefined;
  /** `address:port` of the client. */
  readonly source?: string | undefined;
  readonly cluster?: string | undefined;
  readonly listener?: string | undefined;
}

/** One partition in a request or an answer. Lines have offsets as decimal strings, since they are 64 bits wide. */
export interface TopicEntry {
  readonly topic: string;
  readonly partition: number;
  /** Offset that a fetch asked for. */
  readonly offset?: bigint | undefined;
  readonly firstOffset?: bigint | undefined;
  readonly lastOffset?: bigint | undefined;
  readonly records?: number | undefined;
  readonly bytes?: number | undefined;
  readonly masks?: readonly MaskCount[] | undefined;
  /** Error code of the protocol that the client got; 0 is left out. */
  readonly error?: number | undefined;
}

export type CloseReason =
  | 'client'
  | 'expired'
  | 'stale'
  | 'revoked'
  | 'killed'
  | 'idle'
  | 'upstream'
  | 'protocol'
  | 'recorder'
  | 'shutdown';

export interface StartEvent extends EventOrigin {
  readonly kind: 'start';
  readonly version: string;
  /** False when the log before this line has no `stop`: the process was killed. */
  readonly clean: boolean;
  /** Bytes of a half-written last line that were moved to a `.torn` file. */
  readonly tornBytes?: number | undefined;
  readonly tornFile?: string | undefined;
}

export interface StopEvent extends EventOrigin {
  readonly kind: 'stop';
  readonly reason: 'signal' | 'command' | 'error';
}

export interface SessionOpenEvent extends EventOrigin {
  readonly kind: 'session_open';
  readonly clientId?: string | undefined;
  readonly software?: string | undefined;
  /** Epoch ms at which the session ends by itself. */
  readonly until?: number | undefined;
}

export interface SessionCloseEvent extends EventOrigin {
  readonly kind: 'session_close';
  readonly reason: CloseReason;
  readonly bytesIn?: number | undefined;
  readonly bytesOut?: number | undefined;
}

export interface AuthEvent extends EventOrigin {
  readonly kind: 'auth';
  readonly ok: boolean;
  readonly mechanism: string;
  readonly clientId?: string | undefined;
  readonly software?: string | undefined;
  /** Why not; a code of core/errors. */
  readonly code?: string | undefined;
}

/** One event for many requests that followed each other. */
export interface Repeated {
  /** How many; left out for one. */
  readonly requests?: number | undefined;
  /** Epoch ms of the first of them; the line has the time of the last. */
  readonly from?: number | undefined;
}

export interface FetchOpenEvent extends EventOrigin {
  readonly kind: 'fetch_open';
  readonly topics: readonly TopicEntry[];
}

export interface FetchDoneEvent extends EventOrigin, Repeated {
  readonly kind: 'fetch_done';
  readonly topics: readonly TopicEntry[];
  readonly bytes: number;
  /** Milliseconds from the request's last byte to the answer's last. */
  readonly latency?: number | undefined;
}

export interface FetchCutEvent extends EventOrigin {
  readonly kind: 'fetch_cut';
  readonly topics: readonly TopicEntry[];
  /** Bytes of the answer that were handed to the kernel before the cut. */
  readonly bytes: number;
  readonly reason: CloseReason;
}

/** What was sent: before its answer, or because an answer never came. */
export interface ProduceIntentEvent extends EventOrigin {
  readonly kind: 'produce_intent';
  readonly topics: readonly TopicEntry[];
  readonly bytes: number;
  readonly acks?: number | undefined;
  readonly transactionalId?: string | undefined;
}

/**
 * What the broker answered. Where the intent was recorded before (strict durability), it says the outcome alone; else
 * it says what was sent, too.
 */
export interface ProduceDoneEvent extends EventOrigin, Repeated {
  readonly kind: 'produce_done';
  readonly topics: readonly TopicEntry[];
  readonly bytes?: number | undefined;
  readonly acks?: number | undefined;
  readonly transactionalId?: string | undefined;
  readonly latency?: number | undefined;
}

export interface DenyEvent extends EventOrigin {
  readonly kind: 'deny';
  /** Undefined for something that no Operation describes, such as an unknown API. */
  readonly operation?: Operation | undefined;
  readonly resource?: ResourceKind | undefined;
  readonly name?: string | undefined;
  /** The DenyCode of a decision, or a code of core/errors. */
  readonly code: DenyCode | (string & {});
  /** `Kind/name` of the document that decided. */
  readonly rule?: string | undefined;
  /** Error code of the protocol that the client got. */
  readonly error?: number | undefined;
}

/** Repeats that were counted instead of written one by one. The first of them stands in full before it. */
export interface SummaryEvent extends EventOrigin {
  readonly kind: 'summary';
  readonly of: 'auth' | 'deny' | 'error';
  readonly code: string;
  readonly count: number;
  /** Epoch ms of the first and last repeat that is counted here. */
  readonly from: number;
  readonly to: number;
  /** True when sources or principals were too many to be counted apart. */
  readonly merged?: boolean | undefined;
}

export interface PolicyChangeEvent extends EventOrigin {
  readonly kind: 'policy_change';
  readonly fromRevision?: string | undefined;
  readonly toRevision: string;
  readonly generation: number;
  /** Rights that came and went, by principal × stream × operation. */
  readonly widened?: number | undefined;
  readonly narrowed?: number | undefined;
}

export interface AdmissionEvent extends EventOrigin {
  readonly kind: 'admission';
  readonly subject: 'grant' | 'policy' | 'breakGlass' | 'review' | 'admit' | 'baseline' | 'firstUse';
  /** Of an emergency that was admitted: whose it is, until when (epoch ms), and the groups that are to know. */
  readonly of?: string | undefined;
  readonly until?: number | undefined;
  readonly notify?: readonly string[] | undefined;
  readonly uid?: string | undefined;
  readonly name?: string | undefined;
  readonly commit: string;
  readonly admitted: boolean;
  readonly refusal?: Refusal | undefined;
  readonly digest?: string | undefined;
  /** Identity names. */
  readonly approvedBy: readonly string[];
}

export interface ReconcileEvent extends EventOrigin {
  readonly kind: 'reconcile';
  readonly condition: Condition['type'];
  readonly status: Condition['status'];
  readonly reason: string;
}

export interface CleanupEvent extends EventOrigin {
  readonly kind: 'cleanup';
  readonly what: 'end_txn' | 'leave_group' | 'credential' | 'acl';
  readonly ok: boolean;
  readonly name?: string | undefined;
  readonly code?: string | undefined;
}

/** A call of the admin API. */
export interface AdminEvent extends EventOrigin {
  readonly kind: 'admin';
  readonly action: string;
  readonly target?: string | undefined;
  readonly ok: boolean;
  readonly code?: string | undefined;
}

/** A data worker began to serve clients, with a log of its own beside this one, or came to its end. */
export interface WorkerEvent extends EventOrigin {
  readonly kind: 'worker';
  /** Its number; its log's origin is this log's with it behind a slash. */
  readonly worker: string;
  readonly state: 'started' | 'ended';
  /** How it ended: a signal, an exit code, or what it failed to do. */
  readonly reason?: string | undefined;
}

/** The tree over all lines before this one, signed. */
export interface CheckpointEvent extends EventOrigin {
  readonly kind: 'checkpoint';
  readonly size: number;
  /** The signed note, C2SP tlog-checkpoint. */
  readonly note: string;
  /** On the first line of a segment: roots of the full subtrees, left to right, so that the tree goes on from here. */
  readonly frontier?: readonly string[] | undefined;
}

export interface ErrorEvent extends EventOrigin {
  readonly kind: 'error';
  /** A code of core/errors: never a message. */
  readonly code: string;
  /** Which part of the gateway. */
  readonly where: string;
}

export type AuditEvent =
  | StartEvent
  | StopEvent
  | SessionOpenEvent
  | SessionCloseEvent
  | AuthEvent
  | FetchOpenEvent
  | FetchDoneEvent
  | FetchCutEvent
  | ProduceIntentEvent
  | ProduceDoneEvent
  | DenyEvent
  | SummaryEvent
  | PolicyChangeEvent
  | AdmissionEvent
  | ReconcileEvent
  | CleanupEvent
  | AdminEvent
  | WorkerEvent
  | CheckpointEvent
  | ErrorEvent;

export type AuditKind = AuditEvent['kind'];
