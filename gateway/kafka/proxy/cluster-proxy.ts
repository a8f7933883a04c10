import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import type { CleanupEvent, CloseReason } from '../../../core/audit/event.ts';
import { alarmAt } from '../../../core/clock/alarm.ts';
import type { Clock, Timer } from '../../../core/clock/clock.ts';
import { InputError } from '../../../core/errors/sluice-error.ts';
import type { Deny } from '../../../core/model/decision.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import type { ClusterConfig } from '../../config/gateway-config.ts';
import { parseHostPort } from '../../config/load-config.ts';
import type { Authenticator } from '../../identity/authenticator.ts';
import { BrokerPorts } from '../../net/broker-ports.ts';
import { type Listener, listenTcp } from '../../net/listener.ts';
import { layeredOn } from '../../net/reset-socket.ts';
import { ReloadingSecureContext } from '../../net/secure-context.ts';
import type { FloodQuota } from '../../recorder/flood-quota.ts';
import type { Session } from '../../session/session.ts';
import type { SessionRegistry } from '../../session/session-registry.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { AdminConnection } from '../broker/admin-connection.ts';
import { type CleanupDebt, EphemeralCredentials, type EphemeralUser } from '../broker/ephemeral-credentials.ts';
import { ClusterTopicNames } from '../broker/topic-names.ts';
import type { Maskers, Membership } from '../enforce/context.ts';
import type { OpenTransaction } from '../enforce/open-transactions.ts';
import type { BrokerConnection } from '../upstream/broker-connection.ts';
import { type Address, formatAddress } from '../upstream/dial.ts';
import { openConnection } from '../upstream/open-connection.ts';
import type { BrokerCredential } from '../upstream/sasl-login.ts';
import { ClientConnection } from './connection.ts';
import type { ConnectionWorld } from './connection-world.ts';
import { endTransactions, TransactionEnds } from './end-transactions.ts';
import { leaveGroups } from './leave-groups.ts';
import { SessionCredentials } from './session-credentials.ts';
import { Topology } from './topology.ts';

export interface ClusterProxyOptions {
  readonly gateway: string;
  /** Whose broker users are removed when this process did not make them. Left out: those of `gateway`. */
  readonly clearsUp?: (owner: string) => boolean;
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly recorder: ConnectionWorld['recorder'];
  readonly flood: FloodQuota;
  readonly sessions: SessionRegistry;
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly maskers: Maskers;
  readonly onDebt: (debt: CleanupDebt) => void;
  readonly onSettled: (user: string) => void;
  readonly onHealth: (healthy: boolean, message: string) => void;
  readonly lossReason: (session: Session) => CloseReason;
  /**
   * Decides which port stands for a broker, or for all of them (undefined), where several processes listen on the same
   * ports. Left out: this process decides, and has its ports alone.
   */
  readonly portFor?: (nodeId: number | undefined) => Promise<number>;
}

const stepTimeout = 10_000;

/** Everything in front of one Kafka cluster: its listeners, its topology, its sessions' broker users, its connections. */
export class ClusterProxy implements AsyncDisposable {
  readonly #options: ClusterProxyOptions;
  readonly #credential: BrokerCredential;
  readonly #tls: ConnectionOptions | undefined;
  readonly #admin: AdminConnection;
  readonly #brokerAdmins = new Map<string, AdminConnection>();
  readonly #ephemeral: EphemeralCredentials;
  readonly #credentials: SessionCredentials;
  readonly #topology: Topology;
  readonly #topicNames: ClusterTopicNames;
  readonly #ports: BrokerPorts;
  readonly #listeners = new Map<number | undefined, Listener>();
  readonly #connections = new Set<ClientConnection>();
  readonly #transactionEnds = new TransactionEnds();
  readonly #explained = new Map<string, number>();
  #context: ReloadingSecureContext | undefined;
  #sweep: Timer | undefined;
  #stopped = false;

  static #nextConnection = 1;

  private constructor(options: ClusterProxyOptions) {
    const { config, clock, log } = options;
    this.#options = options;
    this.#ports = new BrokerPorts(config.listen);
    this.#credential = adminCredential(config);
    this.#tls = config.tls && upstreamTls(config.tls);
    this.#admin = this.#adminTo(config.bootstrap);
    this.#topicNames = new ClusterTopicNames(this.#admin);
    this.#ephemeral = new EphemeralCredentials({
      clock,
      gateway: options.gateway,
      ...(options.clearsUp ? { clearsUp: options.clearsUp } : {}),
      admin: this.#admin,
      mechanism: config.credentials.mechanism,
      onDebt: options.onDebt,
      onSettled: options.onSettled,
    });
    this.#credentials = new SessionCredentials({
      ephemeral: this.#ephemeral,
      adminTo: (broker) => this.#brokerAdmin(broker),
      clock,
      log,
    });
    this.#topology = new Topology({
      config,
      admin: this.#admin,
      clock,
      log,
      portFor: (nodeId) => this.#portFor(nodeId),
      onHealth: options.onHealth,
    });
    options.sessions.listen({
      opened: () => {},
      changed: (session) => {
        if (session.cluster === config.name) this.#credentials.follow(session);
      },
      closed: (session) => {
        if (session.cluster === config.name) void this.#credentials.release(session);
      },
    });
  }

  /** Listens, and asks the cluster; a cluster that does not answer yet is asked again and again. */
  static async start(options: ClusterProxyOptions): Promise<ClusterProxy> {
    const proxy = new ClusterProxy(options);
    const { listen } = options.config;
    if (listen.tls) {
      proxy.#context = await ReloadingSecureContext.open(listen.tls.certFile, listen.tls.keyFile, (error) =>
        error
          ? options.log.warn('the TLS certificate could not be reloaded', { cluster: options.config.name, error })
          : options.log.info('the TLS certificate was reloaded', { cluster: options.config.name }),
      );
    }
    await proxy.#listen(undefined);
    await proxy.#topology.start();
    await proxy.#sweepOnce();
    return proxy;
  }

  /** The bootstrap address for clients. */
  get address(): string {
    const port = this.#listeners.get(undefined)?.port ?? 0;
    return formatAddress({ host: this.#options.config.listen.advertisedHost, port });
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** The recorder has room again. */
  resume(): void {
    for (const connection of this.#connections) connection.resume();
  }

  /** Gives live sessions' broker users what the next snapshot allows, before it is used. */
  prepare(next: Snapshot): Promise<void> {
    return this.#credentials.widen(next);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#sweep?.cancel();
    this.#topology.stop();
    await Promise.all([...this.#listeners.values()].map((listener) => listener.stopAccepting()));
    for (const connection of [...this.#connections]) connection.cut('shutdown');
    await this.#credentials.close();
    this.#admin.close();
    for (const admin of this.#brokerAdmins.values()) admin.close();
    await this.#context?.[Symbol.asyncDispose]();
  }

  async #listen(nodeId: number | undefined): Promise<Listener> {
    const { config, portFor } = this.#options;
    const port = portFor ? await portFor(nodeId) : this.#ports.portFor(nodeId);
    const world = this.#world(nodeId);
    const listener = await listenTcp({ host: config.listen.host, port, shared: portFor !== undefined }, (socket) =>
      this.#accept(socket, world),
    );
    if (this.#stopped) await listener.stopAccepting();
    this.#listeners.set(nodeId, listener);
    return listener;
  }

  /** The port that stands for a broker: the one it had, else another one that listens from now on. */
  async #portFor(nodeId: number): Promise<number> {
    const known = this.#listeners.get(nodeId);
    return (known ?? (await this.#listen(nodeId))).port;
  }

  #accept(raw: Socket, world: ConnectionWorld): void {
    let socket = raw;
    if (this.#context) {
      socket = layeredOn(new TLSSocket(raw, { isServer: true, secureContext: this.#context.current }), raw);
      socket.on('error', () => raw.destroy());
    }
    raw.on('error', () => {});
    const source = `${raw.remoteAddress ?? 'unknown'}:${raw.remotePort ?? 0}`;
    this.#connections.add(new ClientConnection(ClusterProxy.#nextConnection++, socket, source, world));
  }

  #world(nodeId: number | undefined): ConnectionWorld {
    const { config, clock, log, metrics, recorder, flood, sessions, authenticator, maskers, lossReason } =
      this.#options;
    const topology = this.#topology;
    return {
      cluster: config.name,
      listener: nodeId === undefined ? 'bootstrap' : String(nodeId),
      clock,
      log,
      metrics,
      bytesIn: { cluster: config.name, direction: 'in' },
      bytesOut: { cluster: config.name, direction: 'out' },
      recorder,
      flood,
      sessions,
      view: topology,
      get features() {
        return topology.features;
      },
      maskers,
      topicNames: this.#topicNames,
      authenticate: (token, user) => authenticator.authenticate(token, user),
      dial: (session) => this.#dial(session, nodeId),
      leaveGroups: (session, memberships, audit) => this.#leaveGroups(session, nodeId, memberships, audit),
      endTransactions: (session, open, audit) => this.#endTransactions(session, nodeId, open, audit),
      lossReason,
      explain: (session, operation, kind, name, deny) => this.#explain(session, `${operation} ${kind} ${name}`, deny),
      onClosed: (connection) => {
        this.#connections.delete(connection as ClientConnection);
      },
    };
  }

  async #dial(session: Session, nodeId: number | undefined): Promise<Socket> {
    const address = this.#topology.addressOf(nodeId);
    const user = await this.#credentials.acquire(session, formatAddress(address));
    const connection = await this.#loginAs(user, address);
    return connection.detach();
  }

  #loginAs(user: EphemeralUser, address: Address): Promise<BrokerConnection> {
    const { clock } = this.#options;
    const credential = { kind: 'scram', mechanism: user.mechanism, user: user.name, password: user.password } as const;
    return openConnection({ clock, address, clientId: 'sluice', timeoutMs: stepTimeout, tls: this.#tls, credential });
  }

  #leaveGroups(
    session: Session,
    nodeId: number | undefined,
    memberships: readonly Membership[],
    audit: (event: CleanupEvent) => void,
  ): void {
    this.#credentials.cleanUp(session, (user) =>
      leaveGroups(async () => this.#loginAs(user, this.#topology.addressOf(nodeId)), memberships, audit),
    );
  }

  #endTransactions(
    session: Session,
    nodeId: number | undefined,
    transactions: readonly OpenTransaction[],
    audit: (event: CleanupEvent) => void,
  ): void {
    const { clock } = this.#options;
    const { features } = this.#topology;
    this.#credentials.cleanUp(session, (user) => {
      const { mine, done } = this.#transactionEnds.claim(session.id, transactions);
      const connect = async (broker = nodeId) => this.#loginAs(user, this.#topology.addressOf(broker));
      return endTransactions({ clock, features, connect }, mine, audit).finally(done);
    });
  }

  #adminTo(addresses: ClusterConfig['bootstrap']): AdminConnection {
    const { clock } = this.#options;
    return new AdminConnection({
      clock,
      addresses,
      clientId: `sluice-${this.#options.gateway}`,
      credential: this.#credential,
      tls: this.#tls,
      timeoutMs: stepTimeout,
    });
  }

  #brokerAdmin(broker: string): AdminConnection {
    let admin = this.#brokerAdmins.get(broker);
    if (!admin) {
      admin = this.#adminTo([parseHostPort(broker)]);
      this.#brokerAdmins.set(broker, admin);
    }
    return admin;
  }

  /** Removes what an earlier run left at the brokers; again every hour, and soon when it could not be done. */
  async #sweepOnce(): Promise<void> {
    const { clock, log, config } = this.#options;
    let next = 3_600_000;
    try {
      const gone = await this.#ephemeral.sweep(clock.now());
      if (gone.length > 0)
        log.info('broker users of an earlier run were removed', { cluster: config.name, count: gone.length });
    } catch (error) {
      next = 10_000;
      log.warn('left-over broker users could not be looked for', { cluster: config.name, error });
    }
    if (this.#stopped) return;
    this.#sweep = alarmAt(clock, clock.now() + next, () => void this.#sweepOnce());
  }

  /** A denial in words, once a minute per principal and resource: Kafka's own answer has no room for it. */
  #explain(session: Session | undefined, what: string, deny: Deny): void {
    const { clock, log, config } = this.#options;
    const key = `${session?.id} ${what}`;
    const now = clock.monotonic();
    if (now - (this.#explained.get(key) ?? Number.NEGATIVE_INFINITY) < 60_000) return;
    if (this.#explained.size > 10_000) this.#explained.clear();
    this.#explained.set(key, now);
    log.info(`denied: ${deny.message}${deny.nearestMiss ? `. To ask for it: ${deny.nearestMiss.command}` : ''}`, {
      cluster: config.name,
      principal: session?.principal.identity ?? '',
      code: deny.code,
    });
  }
}

function adminCredential(config: ClusterConfig): BrokerCredential {
  const { mechanism, username, passwordFile } = config.credentials;
  try {
    const password = readFileSync(passwordFile, 'utf8').split('\n')[0]!.trim();
    return { kind: 'scram', mechanism, user: username, password };
  } catch (cause) {
    throw new InputError('FileUnreadable', `the password file of cluster '${config.name}' could not be read`, {
      at: passwordFile,
      cause,
    });
  }
}

function upstreamTls(tls: NonNullable<ClusterConfig['tls']>): ConnectionOptions {
  try {
    return {
      ...(tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile) }),
      ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
      minVersion: 'TLSv1.2',
    };
  } catch (cause) {
    throw new InputError('FileUnreadable', 'the certificate authorities of the brokers could not be read', {
      at: tls.caFile ?? '',
      cause,
    });
  }
}
