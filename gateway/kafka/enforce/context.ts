import type { AuditEvent } from '../../../core/audit/event.ts';
import type { Masker } from '../../../core/mask/masker.ts';
import type { Allow, Decision } from '../../../core/model/decision.ts';
import type { Operation, ResourceKind } from '../../../core/model/resource.ts';
import type { Access } from '../../session/access.ts';
import type { RecordsMemory } from '../wire/records-builder.ts';
import type { ConnectionState } from './connection-state.ts';
import { UnpackBudget } from './mask-records.ts';

/** A broker as clients are told about it: its own id, the gateway's address for it. */
export interface BrokerAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** The cluster as this gateway shows it. */
export interface ClusterView {
  readonly clusterId: string;
  readonly controllerId: number;
  /** Every broker that has a port here. */
  brokers(): readonly BrokerAddress[];
  broker(nodeId: number): BrokerAddress | undefined;
  /** A broker of an answer that has no port yet: the gateway will look. */
  noteUnknown(nodeId: number): void;
}

/** Ranges that the broker behind the connection supports, by API key. */
export type BrokerVersions = ReadonlyMap<number, { readonly min: number; readonly max: number }>;

export interface BrokerFeatures {
  readonly versions: BrokerVersions;
  readonly supported: readonly { readonly name: string; readonly minVersion: number; readonly maxVersion: number }[];
  readonly finalized: readonly {
    readonly name: string;
    readonly minVersionLevel: number;
    readonly maxVersionLevel: number;
  }[];
  readonly finalizedEpoch: bigint;
}

/** Names of topics by their id (KIP-516), the id as the codec reads it. */
export interface TopicNames {
  /** undefined: not known here, which `need` may change. */
  nameOf(topicId: string): string | undefined;
  /** A broker said so. */
  learn(topicId: string, name: string): void;
}

/** Gives the compiled masks of an allowed read or write; undefined when nothing is to be masked. */
export type Maskers = (allow: Allow, on: 'consume' | 'produce') => Masker | undefined;

/** Something that was allowed and must be looked at again when access changes while the frame is under way. */
export interface Touch {
  readonly operation: Operation;
  readonly kind: ResourceKind;
  readonly name: string;
}

export interface Denial extends Touch {
  readonly decision: Decision & { readonly effect: 'deny' };
  /** Kafka error code the client gets. */
  readonly error: number;
}

/** A member of a group, as its requests name it. How it leaves depends on the group's protocol. */
export interface Membership {
  readonly kind: 'classic' | 'consumer' | 'share' | 'streams';
  readonly groupId: string;
  readonly memberId: string;
}

/** What is the same for all frames of a listener. */
export interface FrameWorld {
  readonly view: ClusterView;
  readonly features: BrokerFeatures;
  readonly maskers: Maskers;
  readonly topicNames: TopicNames;
  /** Where an answer that is made here lies until it is sent. */
  readonly memory: RecordsMemory;
}

/** What an enforcement needs of the world for one frame, and where it leaves what the connection has to know. */
export class FrameContext {
  readonly access: Access;
  readonly cluster: ClusterView;
  readonly features: BrokerFeatures;
  readonly maskers: Maskers;
  readonly topicNames: TopicNames;
  readonly connection: ConnectionState;
  readonly clientId: string;
  /** A broker was asked for the topic ids that this frame needs: what is unknown now is unknown. */
  asked = false;
  readonly touches: Touch[] = [];
  readonly denials: Denial[] = [];
  readonly events: AuditEvent[] = [];
  /** An event of this frame has to be on disk before the frame goes on. */
  strict = false;
  /** The frame makes its client a member of this group. */
  joined: Membership | undefined;
  /** The frame ends its client's membership in this group. */
  left: string | undefined;
  /** Grant and policy that allowed it, for the audit log; the first that did. */
  grant: string | undefined;
  policy: string | undefined;
  /** Bytes of the frame's body. */
  frameBytes = 0;
  #unpack: UnpackBudget | undefined;
  /** Memory that the answer lies in, to be given back when it is with the kernel; undefined when there is none. */
  borrowed: Buffer[] | undefined;
  readonly #memory: RecordsMemory;

  constructor(access: Access, world: FrameWorld, connection: ConnectionState, clientId: string) {
    this.access = access;
    this.cluster = world.view;
    this.features = world.features;
    this.maskers = world.maskers;
    this.topicNames = world.topicNames;
    this.#memory = world.memory;
    this.connection = connection;
    this.clientId = clientId;
  }

  /** Decides and keeps what was decided: a denial for the log with the code the client gets, a touch for later looks. */
  decide(operation: Operation, kind: ResourceKind, name: string, error: number): Decision {
    const decision = this.access.decide(operation, kind, name);
    if (decision.effect === 'deny') {
      this.denials.push({ operation, kind, name, decision, error });
    } else {
      this.touches.push({ operation, kind, name });
      this.grant ??= decision.grant;
      this.policy ??= decision.policy;
      if (decision.durability === 'strict') this.strict = true;
    }
    return decision;
  }

  /** What the batches of the frame may still decompress to. */
  get unpack(): UnpackBudget {
    this.#unpack ??= new UnpackBudget(this.frameBytes);
    return this.#unpack;
  }

  /** Memory for an answer that is made here. */
  take(bytes: number): Buffer {
    const memory = this.#memory.take(bytes);
    this.borrowed ??= [];
    this.borrowed.push(memory);
    return memory;
  }

  /** Memory that was taken and is no part of the answer. */
  give(memory: Buffer): void {
    this.borrowed = this.borrowed?.filter((one) => one !== memory);
    this.#memory.give(memory);
  }

  allows(operation: Operation, kind: ResourceKind, name: string, error: number): boolean {
    return this.decide(operation, kind, name, error).effect === 'allow';
  }

  /** Some topic of the cluster may be written: what idempotence without a transactional id needs. Touches nothing. */
  mayProduceSomewhere(): boolean {
    return this.access.mayProduceSomewhere();
  }

  /** There is a right at all. Touches nothing. */
  mayAnything(): boolean {
    return this.access.hasRights();
  }

  /** Asks without leaving a trace: for listings, where what is hidden is not an attempt. */
  sees(operation: Operation, kind: ResourceKind, name: string): boolean {
    return this.access.allows(operation, kind, name);
  }
}
