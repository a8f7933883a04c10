import type { Socket } from 'node:net';
import type { Clock } from '../../../core/clock/clock.ts';
import type { ErrorCode } from '../../../core/errors/codes.ts';
import type { ClusterConfig, HostPort } from '../../config/gateway-config.ts';
import { BrokerPorts } from '../../net/broker-ports.ts';
import { type Listener, listenTcp } from '../../net/listener.ts';
import { ReloadingSecureContext } from '../../net/secure-context.ts';
import { handshake } from '../../net/tls-handshake.ts';
import type { FloodQuota } from '../../recorder/flood-quota.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { Arrivals } from './arrivals.ts';
import { ServerNames } from './server-names.ts';

/** A client that came in; it has not logged in yet. */
export interface Incoming {
  readonly socket: Socket;
  /** `address:port`. */
  readonly source: string;
  /** The broker it wants; undefined = any. */
  readonly nodeId: number | undefined;
  /** To be called when it has logged in or is gone: it makes room for others. */
  readonly leave: () => void;
}

export interface EntranceOptions {
  readonly config: Pick<ClusterConfig, 'name' | 'listen'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly flood: FloodQuota;
  /** Whether the cluster has this broker. */
  readonly has: (nodeId: number) => boolean;
  readonly onClient: (incoming: Incoming) => void;
  readonly portFor?: ((nodeId: number | undefined) => Promise<number>) | undefined;
}

const handshakeWithin = 30_000;

/**
 * Where a cluster's clients come in: a port for each broker, or one TLS port where names tell brokers apart. Every
 * client that may come in is handed on with the broker that it wants.
 */
export class Entrance implements AsyncDisposable {
  readonly #options: EntranceOptions;
  readonly #ports: BrokerPorts;
  readonly #names: ServerNames | undefined;
  readonly #arrivals: Arrivals;
  readonly #listeners = new Map<number | undefined, Listener>();
  #context: ReloadingSecureContext | undefined;
  #stopped = false;

  private constructor(options: EntranceOptions) {
    const { listen } = options.config;
    this.#options = options;
    this.#ports = new BrokerPorts(listen);
    this.#names = listen.sni ? new ServerNames(listen.advertisedHost) : undefined;
    this.#arrivals = new Arrivals(listen.maxUnauthenticated, options.clock);
  }

  /** Listens on the bootstrap port. */
  static async open(options: EntranceOptions): Promise<Entrance> {
    const entrance = new Entrance(options);
    const { name, listen } = options.config;
    if (listen.tls) {
      entrance.#context = await ReloadingSecureContext.open(listen.tls.certFile, listen.tls.keyFile, (error) =>
        error
          ? options.log.warn('the TLS certificate could not be reloaded', { cluster: name, error })
          : options.log.info('the TLS certificate was reloaded', { cluster: name }),
      );
    }
    await entrance.#listen(undefined);
    return entrance;
  }

  /** What clients are told to start from. */
  get bootstrap(): HostPort {
    return { host: this.#options.config.listen.advertisedHost, port: this.#listeners.get(undefined)?.port ?? 0 };
  }

  /** Connections that have not logged in. */
  get arrivals(): number {
    return this.#arrivals.size;
  }

  /** What clients are told for a broker: the address it had, else a new one that is open from now on. */
  async addressFor(nodeId: number): Promise<HostPort> {
    const { host, port } = this.bootstrap;
    if (this.#names) return { host: this.#names.nameOf(nodeId), port };
    const listener = this.#listeners.get(nodeId) ?? (await this.#listen(nodeId));
    return { host, port: listener.port };
  }

  /** Takes no more clients; who has logged in stays. */
  async close(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#listeners.values()].map((listener) => listener.stopAccepting()));
    this.#arrivals.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.#context?.[Symbol.asyncDispose]();
  }

  async #listen(nodeId: number | undefined): Promise<Listener> {
    const { config, portFor } = this.#options;
    const port = portFor ? await portFor(nodeId) : this.#ports.portFor(nodeId);
    const listener = await listenTcp({ host: config.listen.host, port, shared: portFor !== undefined }, (socket) =>
      this.#accept(socket, nodeId),
    );
    if (this.#stopped) await listener.stopAccepting();
    this.#listeners.set(nodeId, listener);
    return listener;
  }

  #accept(raw: Socket, nodeId: number | undefined): void {
    raw.on('error', () => {});
    const source = `${raw.remoteAddress ?? 'unknown'}:${raw.remotePort ?? 0}`;
    const refuse = (): void => this.#refuse(raw, source, 'TooManyArrivals');
    if (!this.#arrivals.admit(raw, (leave) => this.#serve(raw, source, nodeId, leave), refuse)) refuse();
  }

  #serve(raw: Socket, source: string, nodeId: number | undefined, leave: () => void): void {
    const { clock, onClient } = this.#options;
    if (!this.#context) return onClient({ socket: raw, source, nodeId, leave });
    const names = this.#names;
    const { current: context } = this.#context;
    handshake(
      raw,
      {
        clock,
        context,
        withinMs: handshakeWithin,
        ...(names ? { accepts: (name) => this.#wanted(names, name) !== undefined } : {}),
      },
      {
        onSecure: (socket, name) => {
          const wanted = names && name !== undefined ? this.#wanted(names, name)?.nodeId : nodeId;
          onClient({ socket, source, nodeId: wanted, leave });
        },
        onFailed: (why) => {
          this.#refuse(raw, source, why === 'name' ? 'UnknownServerName' : 'HandshakeFailed');
          leave();
        },
      },
    );
  }

  #wanted(names: ServerNames, name: string): { nodeId: number | undefined } | undefined {
    const found = names.find(name);
    return found?.nodeId === undefined || this.#options.has(found.nodeId) ? found : undefined;
  }

  #refuse(raw: Socket, source: string, code: ErrorCode): void {
    const { config, metrics, flood } = this.#options;
    metrics.refused.add({ cluster: config.name, reason: code });
    flood.note({ kind: 'error', code, where: 'listener', cluster: config.name, source });
    raw.destroy();
  }
}
