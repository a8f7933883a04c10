import { type Clock, sleep } from '../../../core/clock/clock.ts';
import { SluiceError, UpstreamError } from '../../../core/errors/sluice-error.ts';
import type { ClusterConfig } from '../../config/gateway-config.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AdminConnection } from '../broker/admin-connection.ts';
import type { BrokerAddress, BrokerFeatures, ClusterView } from '../enforce/context.ts';
import type { Address } from '../upstream/dial.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultMetadataRequest } from '../wire/generated/metadata.ts';

const refreshEvery = 30_000;
const retryEvery = 2_000;
const noteEvery = 1_000;

interface Broker {
  readonly address: Address;
  readonly rack: string | null;
}

/**
 * The real cluster behind the gateway, and how clients see it: node ids stay, each broker has an address of ours.
 * Asked for every 30 s and whenever an answer names a broker that has none yet.
 */
export class Topology implements ClusterView {
  clusterId = '';
  controllerId = -1;
  features: BrokerFeatures | undefined;
  readonly #config: ClusterConfig;
  readonly #admin: AdminConnection;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #addressFor: (nodeId: number) => Promise<Address>;
  readonly #real = new Map<number, Broker>();
  readonly #shown = new Map<number, BrokerAddress>();
  readonly #stopping = new AbortController();
  #refreshing: Promise<void> | undefined;
  #notedAt = Number.NEGATIVE_INFINITY;
  readonly #onHealth: (healthy: boolean, message: string) => void;

  constructor(options: {
    config: ClusterConfig;
    admin: AdminConnection;
    clock: Clock;
    log: Logger;
    /** What clients are told for a broker, open from then on. */
    addressFor: (nodeId: number) => Promise<Address>;
    onHealth: (healthy: boolean, message: string) => void;
  }) {
    this.#config = options.config;
    this.#admin = options.admin;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#addressFor = options.addressFor;
    this.#onHealth = options.onHealth;
  }

  /** Keeps asking until stopped. Resolves after the first answer, or the first failure. */
  async start(): Promise<void> {
    await this.refresh().catch(() => {});
    void this.#loop();
  }

  brokers(): readonly BrokerAddress[] {
    return [...this.#shown.values()];
  }

  broker(nodeId: number): BrokerAddress | undefined {
    return this.#shown.get(nodeId);
  }

  noteUnknown(_nodeId: number): void {
    this.noteMoved();
  }

  /** What is known of the brokers may not hold any more: they are asked again. */
  noteMoved(): void {
    const now = this.#clock.monotonic();
    if (now - this.#notedAt < noteEvery) return; // a client can make this happen as often as it asks
    this.#notedAt = now;
    void this.refresh().catch(() => {});
  }

  /** Where a broker really is; undefined node = any of them. */
  addressOf(nodeId: number | undefined): Address {
    const broker = nodeId === undefined ? [...this.#real.values()][0] : this.#real.get(nodeId);
    if (broker) return broker.address;
    if (nodeId === undefined) return this.#config.bootstrap[0]!;
    throw new UpstreamError('BrokerUnreachable', `broker ${nodeId} is not in cluster '${this.#config.name}' any more`, {
      retry: 'later',
    });
  }

  /** One refresh at a time; callers share it. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(this.#clock, this.features ? refreshEvery : retryEvery, signal).catch(() => {});
      if (!signal.aborted) await this.refresh().catch(() => {});
    }
  }

  async #ask(): Promise<void> {
    try {
      await this.#askOnce();
      this.#onHealth(true, `cluster '${this.#config.name}' answers`);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const why =
        error instanceof SluiceError ? `${error.message}${error.why ? `: ${error.why}` : ''}` : 'an unexpected error';
      this.#log.warn('the cluster could not be asked', { cluster: this.#config.name, error });
      this.#onHealth(false, why);
      throw error;
    }
  }

  async #askOnce(): Promise<void> {
    this.features = await this.#admin.features();
    const answer = await this.#admin.call(apis.Metadata, {
      ...defaultMetadataRequest,
      topics: [],
      allowAutoTopicCreation: false,
    });
    this.clusterId = answer.clusterId ?? '';
    this.controllerId = answer.controllerId;
    if (this.#stopping.signal.aborted) return;
    this.#real.clear();
    for (const broker of answer.brokers) {
      this.#real.set(broker.nodeId, { address: { host: broker.host, port: broker.port }, rack: broker.rack });
    }
    for (const [nodeId, { rack }] of this.#real) {
      const { host, port } = await this.#addressFor(nodeId);
      this.#shown.set(nodeId, { nodeId, host, port, rack });
    }
    for (const nodeId of this.#shown.keys()) if (!this.#real.has(nodeId)) this.#shown.delete(nodeId);
  }
}
