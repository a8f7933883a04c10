import { Cursor } from '../../../../core/bytes/cursor.ts';
import { Writer } from '../../../../core/bytes/writer.ts';
import { compileMasks } from '../../../../core/mask/compile-masks.ts';
import type { Snapshot } from '../../../../core/model/snapshot.ts';
import { ConnectionState } from '../../../../gateway/kafka/enforce/connection-state.ts';
import {
  type BrokerFeatures,
  type ClusterView,
  FrameContext,
  type TopicNames,
} from '../../../../gateway/kafka/enforce/context.ts';
import type { Close, Need } from '../../../../gateway/kafka/enforce/enforcement.ts';
import { table } from '../../../../gateway/kafka/enforce/table.ts';
import type { Api } from '../../../../gateway/kafka/wire/api.ts';
import { Access } from '../../../../gateway/session/access.ts';
import { SnapshotStore } from '../../../../gateway/snapshot/snapshot-store.ts';
import { accessPolicies, alice } from '../../../support/access-policies.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { snapshotOf } from '../../../support/snapshot.ts';

/** The broker's own address, which no answer may hold. */
export const realHost = 'broker-7.internal';
export const shownHost = 'gateway.example';

/** The policies of most tests; alice's rights are in access-policies.ts. */
export const policies = accessPolicies();

const features: BrokerFeatures = { versions: new Map(), supported: [], finalized: [], finalizedEpoch: -1n };

/** What became of a request or an answer, read back. */
export type Result =
  | { readonly kind: 'forward' }
  | { readonly kind: 'send' | 'reply'; readonly message: never }
  | Need
  | Close;

/** One principal's access, and what enforcements make of frames under it. */
export class Enforcing {
  readonly snapshots = new SnapshotStore();
  readonly clock = new FakeClock();
  readonly unknown: number[] = [];
  readonly access: Access;
  readonly connection = new ConnectionState();
  /** Topic ids that are known here. */
  readonly names = new Map<string, string>();
  readonly topicNames: TopicNames = {
    nameOf: (id) => this.names.get(id),
    learn: (id, name) => void this.names.set(id, name),
  };
  /** A broker was asked for the topic ids of the next frames. */
  asked = false;
  context: FrameContext;
  #pending: unknown;

  constructor(snapshot: Snapshot = snapshotOf(policies), principal = alice) {
    this.snapshots.swap(snapshot);
    this.access = new Access(principal, 'main', this.snapshots, this.clock);
    this.context = this.#context();
  }

  /** The frame through its enforcement; an outcome's body is read as the broker, or the client, would. */
  request<Request, Response>(
    api: Api<Request, Response>,
    version: number,
    body: Request,
    behind = Buffer.alloc(0),
  ): Result {
    this.context = this.#context();
    const bytes = new Writer();
    api.writeRequest(bytes, version, body);
    const outcome = table.get(api.key)!.onRequest(Buffer.concat([bytes.toBuffer(), behind]), version, this.context);
    if (outcome.kind === 'close' || outcome.kind === 'need') return outcome;
    if (outcome.kind !== 'reply') this.#pending = outcome.pending;
    if (outcome.kind === 'forward') return { kind: 'forward' };
    const reader = outcome.kind === 'send' ? api.readRequest : api.readResponse;
    return { kind: outcome.kind, message: whole(outcome.body, version, reader as never) };
  }

  /** The broker's answer to the last request. */
  response<Request, Response>(api: Api<Request, Response>, version: number, body: Response): Result {
    this.context = this.#context();
    const bytes = new Writer();
    api.writeResponse(bytes, version, body);
    const outcome = table.get(api.key)!.onResponse(bytes.toBuffer(), version, this.#pending, this.context);
    if (outcome.kind !== 'send') return outcome;
    return { kind: 'send', message: whole(outcome.body, version, api.readResponse as never) };
  }

  /** The connection ends instead of an answer to the last request. */
  lost(api: { readonly key: number }): void {
    this.context = this.#context();
    table.get(api.key)!.lost?.(this.#pending, this.context);
  }

  get denied(): string[] {
    return this.context.denials.map(({ operation, kind, name, error }) => `${operation} ${kind} ${name} ${error}`);
  }

  #context(): FrameContext {
    const shown = [1, 2].map((nodeId) => ({ nodeId, host: shownHost, port: 9000 + nodeId, rack: null }));
    const view: ClusterView = {
      clusterId: 'cluster',
      controllerId: 1,
      brokers: () => shown,
      broker: (nodeId) => shown.find((broker) => broker.nodeId === nodeId),
      noteUnknown: (nodeId) => this.unknown.push(nodeId),
    };
    const maskers = (allow: Parameters<FrameContext['maskers']>[0], on: 'consume' | 'produce') =>
      allow.masks.length === 0 ? undefined : compileMasks(allow.masks, on, undefined);
    const { topicNames } = this;
    const memory = { take: (bytes: number) => Buffer.alloc(bytes + 7, 0xa5), give: (old: Buffer) => void old.fill(0) }; // used before, and more than was asked for
    const world = { view, features, maskers, topicNames, memory };
    const context = new FrameContext(this.access, world, this.connection, 'client');
    context.asked = this.asked;
    return context;
  }
}

function whole(body: Writer, version: number, reader: (c: Cursor, v: number) => never): never {
  const cursor = new Cursor(body.toBuffer());
  const message = reader(cursor, version);
  cursor.finish();
  return message;
}

/** Versions of an API that clients may use. */
export function versionsOf(api: { readonly key: number }): number[] {
  const { min, max } = table.get(api.key)!;
  return Array.from({ length: max - min + 1 }, (_, i) => min + i);
}
