import type { Socket } from 'node:net';
import type { CloseReason } from '../../../core/audit/event.ts';
import type { Writer } from '../../../core/bytes/writer.ts';
import { alarmAt } from '../../../core/clock/alarm.ts';
import type { Timer } from '../../../core/clock/clock.ts';
import { ProtocolError, SluiceError } from '../../../core/errors/sluice-error.ts';
import type { Principal } from '../../../core/model/principal.ts';
import { Link, type LinkEvents } from '../../net/link.ts';
import type { Access } from '../../session/access.ts';
import type { Session, SessionConnection } from '../../session/session.ts';
import { ConnectionState } from '../enforce/connection-state.ts';
import { type BrokerFeatures, FrameContext, type FrameWorld, type Membership, type Touch } from '../enforce/context.ts';
import type { Close } from '../enforce/enforcement.ts';
import { ApiKey, apis } from '../wire/generated/apis.ts';
import { AnswerLane, readTopics } from './answer-lane.ts';
import { ClientLink } from './client-link.ts';
import { ClientLogin, type LoginHost, type SaslHeader } from './client-login.ts';
import type { ConnectionWorld } from './connection-world.ts';
import { answerFrame, bareFrame } from './frames.ts';
import { localAnswer } from './in-flight.ts';
import { Journal } from './journal.ts';
import { type RequestHost, RequestLane } from './request-lane.ts';

const loginWithin = 30_000;
/** A shorter lifetime would have clients authenticate over and over; what is lost by then is cut anyway. */
const leastLifetime = 1_000;
/** Groups that a connection's client is taken out of when it is cut; of more, those that it joined last. */
const mostMemberships = 1_000;

/**
 * One client connection: how it begins, what ends it, and what its two lanes have in common. It decides nothing.
 * Whatever cannot be understood closes it, as brokers do.
 */
export class ClientConnection implements SessionConnection, LoginHost, RequestHost {
  readonly id: number;
  readonly world: ConnectionWorld;
  readonly client: ClientLink;
  readonly journal: Journal;
  readonly #requests: RequestLane;
  readonly #answers: AnswerLane;
  readonly #state = new ConnectionState();
  /** Groups that the client joined here and has not left, by group id. */
  readonly #memberships = new Map<string, Membership>();
  readonly #arrived: () => void;
  /** Of the client, without the port. */
  readonly #address: string;
  #closed = false;
  #session: Session | undefined;
  /** The session's access, as this connection has it. */
  #access: Access | undefined;
  #upstream: Link | undefined;
  /** What frames have around them, until the broker can do something else. */
  #frames: FrameWorld | undefined;
  #deadline: Timer;

  /** `source` is the client's `address:port`; `arrived` is called when it has logged in or is gone. */
  constructor(id: number, socket: Socket, source: string, world: ConnectionWorld, arrived: () => void) {
    this.id = id;
    this.#arrived = arrived;
    this.world = world;
    this.journal = new Journal(world, id, source);
    this.#address = source.slice(0, source.lastIndexOf(':'));
    this.#answers = new AnswerLane(this);
    const login = new ClientLogin(world, this.journal, id, this);
    this.#requests = new RequestLane(this, login, this.#answers);
    const { clock, maxIdle, buffers } = world;
    this.client = new ClientLink(
      socket,
      { clock, maxIdle, budget: buffers.requests },
      {
        onBytes: (view) => this.#requests.onBytes(view),
        onFlushed: () => this.resume(),
        onShort: () => this.#short(),
        onOverdue: () => this.#overdue(),
        onIdle: () => this.#idle(),
        onGone: () => this.#end('client'),
        onClosed: () => this.#leave(),
      },
    );
    this.#deadline = world.clock.after(loginWithin, () => this.cut('idle'));
    this.client.resume();
  }

  get closed(): boolean {
    return this.#closed;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  get upstream(): Link | undefined {
    return this.#upstream;
  }

  get principal(): Principal | undefined {
    return this.#session?.principal;
  }

  /** Access may have changed. What lost its right and is under way may not reach the kernel, on either side. */
  recheck(): void {
    const access = this.#access;
    if (!access) return;
    const lost = (touch: Touch): boolean => !access.allows(touch.operation, touch.kind, touch.name);
    if (!this.#closed) this.#leaveGroups(({ groupId }) => !access.allows('consume', 'group', groupId));
    if (!this.#closed) this.#endTransactions((id) => !access.allows('produce', 'transactionalId', id));
    const underWay = [...this.#answers.inFlight].some((entry) => entry.touches.some(lost));
    const plain = this.#answers.streamed; // what goes on as it comes has no masks
    const masked = ({ operation, kind, name }: Touch): boolean => {
      if (operation !== 'consume' || kind !== 'topic') return false;
      const decision = access.decide(operation, kind, name);
      return decision.effect === 'allow' && this.world.maskers(decision, 'consume') !== undefined;
    };
    if (underWay || plain.some(masked) || this.client.holds(lost) || this.#requests.holds(lost)) {
      this.cutLost();
    }
  }

  cutLost(): void {
    if (this.#session) this.cut(this.world.lossReason(this.#session));
  }

  /** Resets the connection: what the kernel does not have yet is not sent. */
  cut(reason: CloseReason): void {
    if (this.#closed) return this.client.reset(); // it was ending, and sending what it had
    this.world.metrics.cuts.add({ cluster: this.world.cluster, reason });
    const answers = [...this.#answers.inFlight].slice(this.#answers.streaming ? 1 : 0); // that have not begun
    for (const { enforcement, touches, correlationId } of answers) {
      if (enforcement?.api !== apis.Fetch && enforcement?.api !== apis.ShareFetch) continue;
      this.journal.append({ kind: 'fetch_cut', topics: readTopics(touches), bytes: 0, reason }, correlationId);
    }
    this.client.reset();
    this.#leaveGroups(() => true);
    // Who is idle here may be in the middle of a transaction on other connections.
    if (reason !== 'idle') this.#endTransactions(() => true);
    this.#end(reason);
  }

  /** Something that held the reading has room again. */
  resume(): void {
    if (this.#closed) return;
    this.#answers.flush();
    this.#requests.flush();
  }

  // RequestHost

  context(session: Session, features: BrokerFeatures, clientId: string): FrameContext {
    if (this.#frames?.features !== features) {
      const { view, maskers, topicNames, buffers } = this.world;
      this.#frames = { view, features, maskers, topicNames, memory: buffers.spare };
    }
    return new FrameContext(this.#access ?? session.access, this.#frames, this.#state, clientId);
  }

  async openUpstream(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const socket = await this.world.dial(session);
    if (this.#closed) {
      socket.destroy();
      return;
    }
    const events: LinkEvents = {
      onBytes: (view) => this.#answers.onBytes(view),
      onFlushed: () => this.resume(),
      onShort: () => this.#short(),
      onOverdue: () => this.#overdue(),
      onEnd: () => this.#end('upstream'),
      onClosed: () => this.#end('upstream'),
    };
    this.#upstream = new Link(socket, events, this.world.buffers.answers);
    this.#upstream.inlet.resume();
  }

  onAllowed({ joined, left }: FrameContext): void {
    if (joined) {
      this.#memberships.delete(joined.groupId); // the one that was joined last stands last
      this.#memberships.set(joined.groupId, joined);
      if (this.#memberships.size > mostMemberships)
        this.#memberships.delete(this.#memberships.keys().next().value ?? '');
    }
    if (left !== undefined) this.#memberships.delete(left);
  }

  onAnswered(): void {
    if (this.client.paused) this.#requests.flush();
  }

  close({ code, why }: Close): void {
    this.journal.flood({ kind: 'error', code, where: 'kafka' });
    const fields = { cluster: this.world.cluster, connection: this.id, code, reason: why };
    this.world.log.info('a connection was closed', fields);
    this.#end('protocol');
  }

  fail(error: unknown): void {
    if (this.#closed) return;
    const code = error instanceof SluiceError ? error.code : 'Bug';
    this.journal.flood({ kind: 'error', code, where: 'kafka' });
    const level = code === 'Bug' ? 'error' : 'warn';
    this.world.log[level]('a connection failed', { cluster: this.world.cluster, connection: this.id, code, error });
    this.#end(code === 'RecorderFailed' ? 'recorder' : error instanceof ProtocolError ? 'protocol' : 'upstream');
  }

  // LoginHost

  answer(body: Writer, header: SaslHeader): void {
    if (!header) {
      for (const chunk of bareFrame(body)) this.client.write(chunk, []);
    } else {
      const { correlationId, apiVersion } = header;
      const api = header.apiKey === ApiKey.SaslHandshake ? apis.SaslHandshake : apis.SaslAuthenticate;
      const answer = answerFrame(correlationId, api.responseHeaderVersion(apiVersion), body);
      this.#answers.add(localAnswer(correlationId, answer));
    }
    this.#answers.flush();
  }

  accept(principal: Principal, expiresAt: number): number {
    if (this.#closed) return expiresAt;
    this.#deadline.cancel();
    this.#deadline = alarmAt(this.world.clock, expiresAt, () => this.cut('expired'));
    this.#session ??= this.world.sessions.join(principal, this.world.cluster, this);
    this.#access ??= this.#session.access.from(this.#address);
    this.journal.session = this.#session;
    this.#arrived();
    const soonest = this.world.clock.now() + leastLifetime;
    return Math.min(expiresAt, Math.max(soonest, this.#session.access.firstEnd()));
  }

  refuse(why: string): void {
    this.close({ kind: 'close', code: 'BadFrame', why });
  }

  hangUp(): void {
    this.#end('protocol');
  }

  giveUp(): void {
    this.#end('upstream');
  }

  wait(step: () => Promise<void>): void {
    this.#requests.wait(step);
  }

  #short(): void {
    this.world.metrics.pauses.add({ cluster: this.world.cluster, reason: 'memory' });
  }

  /** Who waits for a broker's answer may be silent; an answer that is not taken is something else. */
  #idle(): void {
    if (this.client.pending || this.#answers.inFlight.size === 0) this.cut('idle');
  }

  #overdue(): void {
    this.fail(new ProtocolError('MemoryOverdue', 'a frame kept its memory for too long while others waited for it'));
  }

  // ends

  #end(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadline.cancel();
    this.#answers.lose(reason);
    this.#upstream?.reset();
    this.client.end(); // answers that were given before the end still go out; after a cut there is nothing left to go
    this.world.onClosed(this, reason);
  }

  /** The client cannot do it any more, and its groups should not have to wait for its session timeout. */
  #leaveGroups(which: (membership: Membership) => boolean): void {
    const left = [...this.#memberships.values()].filter(which);
    if (!this.#session || left.length === 0) return;
    for (const { groupId } of left) this.#memberships.delete(groupId);
    this.world.leaveGroups(this.#session, left, (event) => this.journal.append(event));
  }

  /** The client cannot do it any more, and readers should not have to wait for its transaction timeout. */
  #endTransactions(which: (transactionalId: string) => boolean): void {
    const open = this.#state.transactions.take(which);
    if (!this.#session || open.length === 0) return;
    this.world.endTransactions(this.#session, open, (event) => this.journal.append(event));
  }

  /** Only when no byte can reach the client any more: until then a cut has to find this connection. */
  #leave(): void {
    this.#arrived();
    if (this.#session) this.world.sessions.leave(this.#session, this);
  }
}
