import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { CleanupEvent, CloseReason } from '../../../core/audit/event.ts';
import { alarmAt } from '../../../core/clock/alarm.ts';
import type { Clock, Timer } from '../../../core/clock/clock.ts';
import { BugError, InputError } from '../../../core/errors/sluice-error.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import type { ClusterConfig } from '../../config/gateway-config.ts';
import { parseHostPort } from '../../config/load-config.ts';
import type { Authenticator } from '../../identity/authenticator.ts';
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
import type { Buffers, ConnectionWorld, Refused } from './connection-world.ts';
import { endTransactions, TransactionEnds } from './end-transactions.ts';
import { Entrance, type Incoming } from './entrance.ts';
import { leaveGroups } from './leave-groups.ts';
import { SessionCredentials } from './session-credentials.ts';
import { Topology } from './topology.ts';

export interface ClusterProxyOptions {
  readonly gateway: string;
  /** Whose broker users are removed when this process did not make them. Left out: those of `gateway`. */
  readonly clearsUp?: (owner: string) => boolean;
  /** See EphemeralOptions. */
  readonly users?: Set<string>;
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly recorder: ConnectionWorld['recorder'];
  readonly flood: FloodQuota;
  readonly buffers: Buffers;
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
/** Denials of a session that are explained within a minute. */
const mostExplained = 200;
/** Characters by which resources are told apart there. */
const longestWord = 256;
/** Characters of a message in the log: names in it come from clients. */
const longestMessage = 1_000;

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
  readonly #worlds = new Map<number | undefined, ConnectionWorld>();
  readonly #connections = new Set<ClientConnection>();
  readonly #transactionEnds = new TransactionEnds();
  /** Denials that were explained within a minute, by session. */
  readonly #explained = new Map<string, Set<string>>();
  #explainedSince = Number.NEGATIVE_INFINITY;
  #entrance: Entrance | undefined;
  #sweep: Timer | undefined;
  #stopped = false;

  static #nextConnection = 1;

  private constructor(options: ClusterProxyOptions) {
    const { config, clock, log } = options;
    this.#options = options;
    this.#credential = adminCredential(config);
    this.#tls = config.tls && upstreamTls(config.tls);
    this.#admin = this.#adminTo(config.bootstrap);
    this.#topicNames = new ClusterTopicNames(this.#admin);
    this.#ephemeral = new EphemeralCredentials({
      clock,
      gateway: options.gateway,
      ...(options.clearsUp ? { clearsUp: options.clearsUp } : {}),
      ...(options.users ? { users: options.users } : {}),
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
      addressFor: (nodeId) => this.#open().addressFor(nodeId),
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
    const { config, clock, log, metrics, flood, portFor } = options;
    proxy.#entrance = await Entrance.open({
      config,
      clock,
      log,
      metrics,
      flood,
      has: (nodeId) => proxy.#topology.broker(nodeId) !== undefined,
      onClient: (incoming) => proxy.#serve(incoming),
      portFor,
    });
    await proxy.#topology.start();
    await proxy.#sweepOnce();
    return proxy;
  }

  /** The bootstrap address for clients. */
  get address(): string {
    return formatAddress(this.#open().bootstrap);
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Connections whose client has not logged in. */
  get arrivalCount(): number {
    return this.#entrance?.arrivals ?? 0;
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
    await this.#entrance?.close();
    for (const connection of [...this.#connections]) connection.cut('shutdown');
    await this.#credentials.close();
    this.#admin.close();
    for (const admin of this.#brokerAdmins.values()) admin.close();
    await this.#entrance?.[Symbol.asyncDispose]();
  }

  #open(): Entrance {
    if (!this.#entrance) throw new BugError('the cluster has no entrance yet');
    return this.#entrance;
  }

  #serve({ socket, source, nodeId, leave }: Incoming): void {
    let world = this.#worlds.get(nodeId);
    if (!world) {
      world = this.#world(nodeId);
      this.#worlds.set(nodeId, world);
    }
    this.#connections.add(new ClientConnection(ClusterProxy.#nextConnection++, socket, source, world, leave));
  }

  #world(nodeId: number | undefined): ConnectionWorld {
    const { config, clock, log, metrics, recorder, flood, buffers, sessions, authenticator, maskers, lossReason } =
      this.#options;
    const topology = this.#topology;
    return {
      cluster: config.name,
      maxIdle: config.listen.maxIdle,
      listener: nodeId === undefined ? 'bootstrap' : String(nodeId),
      clock,
      log,
      metrics,
      bytesIn: { cluster: config.name, direction: 'in' },
      bytesOut: { cluster: config.name, direction: 'out' },
      recorder,
      flood,
      buffers,
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
    try {
      const address = this.#topology.addressOf(nodeId);
      const user = await this.#credentials.acquire(session, formatAddress(address));
      const connection = await this.#loginAs(user, address);
      return connection.detach();
    } catch (error) {
      this.#topology.noteMoved(); // where it was, it may not be any more
      throw error;
    }
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

  /**
   * A denial in words, at most once a minute per session and resource, and for a bounded number of resources: Kafka's own
   * answer has no room for it.
   */
  #explain(session: Session | undefined, what: string, deny: Refused): void {
    const { clock, log, config } = this.#options;
    const now = clock.monotonic();
    if (now - this.#explainedSince >= 60_000) {
      this.#explained.clear();
      this.#explainedSince = now;
    }
    const id = session?.id ?? '';
    const told = this.#explained.get(id) ?? new Set();
    this.#explained.set(id, told);
    const key = what.slice(0, longestWord);
    if (told.size >= mostExplained || told.has(key)) return;
    told.add(key);
    log.info(
      `denied: ${cut(deny.message)}${deny.nearestMiss ? `. To ask for it: ${cut(deny.nearestMiss.command)}` : ''}`,
      {
        cluster: config.name,
        principal: session?.principal.identity ?? '',
        code: deny.code,
      },
    );
  }
}

function cut(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
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
