/** A client connection with everything that a gateway has around it, without sockets: its ends are in memory. */
import { Framer } from '../../core/bytes/framer.ts';
import { AccessError } from '../../core/errors/sluice-error.ts';
import { compileMasks } from '../../core/mask/compile-masks.ts';
import { maskKeys } from '../../core/mask/mask-keys.ts';
import type { BrokerAddress, BrokerFeatures, ClusterView } from '../../gateway/kafka/enforce/context.ts';
import { table } from '../../gateway/kafka/enforce/table.ts';
import { ClientConnection } from '../../gateway/kafka/proxy/connection.ts';
import type { ConnectionWorld } from '../../gateway/kafka/proxy/connection-world.ts';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import { BufferBudget } from '../../gateway/net/buffer-budget.ts';
import { SpareMemory } from '../../gateway/net/spare-memory.ts';
import { FloodQuota } from '../../gateway/recorder/flood-quota.ts';
import { SessionRegistry } from '../../gateway/session/session-registry.ts';
import { SnapshotStore } from '../../gateway/snapshot/snapshot-store.ts';
import { Metrics } from '../../gateway/telemetry/metrics.ts';
import { accessPolicies, alice } from '../support/access-policies.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { requestFrame } from '../support/raw-client.ts';
import { snapshotOf } from '../support/snapshot.ts';
import { topicIds } from './corpus.ts';
import { MemorySocket } from './memory-socket.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A client, as the fuzzer holds it. */
export interface FuzzClient {
  readonly stranger: boolean;
  readonly open: boolean;
  /** Bytes that the client got. */
  readonly received: number;
  /** Requests that reached the broker and were not taken yet, whole frames. */
  readonly forwarded: Buffer[];
  send(bytes: Buffer): Promise<void>;
  /** The broker says something. */
  answer(bytes: Buffer): Promise<void>;
  end(): void;
}

export class FuzzGateway {
  /** Errors that are not the protocol's own. */
  readonly bugs: unknown[] = [];
  readonly #world: ConnectionWorld;
  #dialled: ((socket: MemorySocket) => void) | undefined;
  #next = 1;
  #onBroker: ((chunk: Buffer) => void) | undefined;

  constructor(durability: 'strict' | 'bestEffort') {
    const clock = new FakeClock();
    const snapshots = new SnapshotStore();
    snapshots.swap(snapshotOf(accessPolicies('', { durability })));
    const sessions = new SessionRegistry(snapshots, clock, () => 0);
    const keys = maskKeys('k1', Buffer.alloc(32, 7));
    const quiet = (): void => undefined;
    const brokers: BrokerAddress[] = [1, 2].map((nodeId) => ({
      nodeId,
      host: 'gateway',
      port: 9000 + nodeId,
      rack: null,
    }));
    const view: ClusterView = {
      clusterId: 'cluster',
      controllerId: 1,
      brokers: () => brokers,
      broker: (nodeId) => brokers.find((one) => one.nodeId === nodeId),
      noteUnknown: quiet,
    };
    const features: BrokerFeatures = {
      versions: new Map([...table].map(([key, { min, max }]) => [key, { min, max }])),
      supported: [],
      finalized: [],
      finalizedEpoch: -1n,
    };
    const flood = new FloodQuota({ clock, write: quiet, room: () => true });
    this.#world = {
      cluster: 'main',
      listener: 'bootstrap',
      maxIdle: 600_000,
      clock,
      log: {
        debug: quiet,
        info: quiet,
        warn: quiet,
        error: (_: string, fields?: { error?: unknown }) => this.bugs.push(fields?.error),
      },
      metrics: new Metrics(),
      bytesIn: { cluster: 'main', direction: 'in' },
      bytesOut: { cluster: 'main', direction: 'out' },
      recorder: {
        full: false,
        append: () => true,
        appendStrict: (_, durable) => {
          setImmediate(durable, undefined);
          return true;
        },
      },
      flood,
      buffers: {
        requests: new BufferBudget(64 << 20, clock),
        answers: new BufferBudget(64 << 20, clock),
        spare: new SpareMemory(),
      },
      sessions,
      view,
      features,
      maskers: (allow, on) => (allow.masks.length === 0 ? undefined : compileMasks(allow.masks, on, keys)),
      topicNames: { nameOf: (id) => topicIds.get(id), learn: quiet, find: () => Promise.resolve() },
      authenticate: (token) =>
        token === 'token'
          ? Promise.resolve({ principal: alice, expiresAt: clock.now() + 3_600_000 })
          : Promise.reject(new AccessError('TokenRefused', 'the token was refused')),
      dial: () => {
        const socket = new MemorySocket((chunk) => this.#onBroker?.(chunk));
        this.#dialled?.(socket);
        return Promise.resolve(socket.asSocket);
      },
      leaveGroups: quiet,
      endTransactions: quiet,
      lossReason: () => 'expired',
      explain: quiet,
      onClosed: quiet,
    };
  }

  /** One client at a time; a stranger has not logged in. */
  async client(stranger = false): Promise<FuzzClient> {
    const forwarded: Buffer[] = [];
    const framer = new Framer(64 << 20);
    let broker: MemorySocket | undefined;
    let received = 0;
    this.#onBroker = (chunk) =>
      framer.push(Buffer.from(chunk), (frame) => {
        forwarded.push(Buffer.from(frame));
        return undefined;
      });
    this.#dialled = (socket) => {
      broker = socket;
    };
    const near = new MemorySocket((chunk) => {
      received += chunk.length;
    });
    new ClientConnection(this.#next++, near.asSocket, '127.0.0.1:1', this.#world, () => undefined);
    const send = async (bytes: Buffer): Promise<void> => {
      near.push(bytes);
      await turn();
    };
    await send(requestFrame(apis.SaslHandshake, 1, { mechanism: 'PLAIN' }));
    if (!stranger) await send(requestFrame(apis.SaslAuthenticate, 2, { authBytes: Buffer.from('\0alice\0token') }));
    return {
      stranger,
      get open() {
        return !near.destroyed;
      },
      get received() {
        return received;
      },
      forwarded,
      send,
      async answer(bytes) {
        if (!broker || broker.destroyed) return;
        broker.push(bytes);
        await turn();
      },
      end: () => near.destroy(),
    };
  }
}
