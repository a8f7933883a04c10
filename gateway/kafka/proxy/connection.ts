import type { Socket } from 'node:net';
import type { CloseReason } from '../../../core/audit/event.ts';
import { Cursor } from '../../../core/bytes/cursor.ts';
import { Framer } from '../../../core/bytes/framer.ts';
import { Writer } from '../../../core/bytes/writer.ts';
import { alarmAt } from '../../../core/clock/alarm.ts';
import type { Timer } from '../../../core/clock/clock.ts';
import { BugError, ProtocolError, SluiceError } from '../../../core/errors/sluice-error.ts';
import type { Principal } from '../../../core/model/principal.ts';
import type { Session, SessionConnection } from '../../session/session.ts';
import { advertised, apiVersionsRange, unsupportedApiVersions } from '../enforce/api-versions.ts';
import { ConnectionState } from '../enforce/connection-state.ts';
import { type BrokerFeatures, FrameContext, type Membership, type Touch } from '../enforce/context.ts';
import type { Close, Outcome } from '../enforce/enforcement.ts';
import { table } from '../enforce/table.ts';
import { ApiKey, apis } from '../wire/generated/apis.ts';
import { framePrefix, RequestHeader } from '../wire/request-header.ts';
import { ClientLink } from './client-link.ts';
import { ClientLogin, type LoginHost, type SaslHeader } from './client-login.ts';
import type { ConnectionWorld } from './connection-world.ts';
import { answerBodyOffset, answerFrame, bareFrame, withBody } from './frames.ts';
import { InFlight, type InFlightEntry } from './in-flight.ts';
import { Journal } from './journal.ts';
import { isSaslApi } from './sasl-server.ts';
import { UpstreamLink } from './upstream-link.ts';

const maxFrameBeforeLogin = 64 << 10;
const maxFrame = 104_857_600; // socket.request.max.bytes of a broker
const mostInFlight = 128;
const loginWithin = 30_000;
const adminClientId = '__admin_client'; // lets Produce write internal topics

/**
 * One client connection: owns its loop and its order, decides nothing. Frames are judged one after the other by the
 * table's enforcements; an async step (token check, dialling, a durable record) stops the reading until it is done.
 * Whatever cannot be understood closes the connection, as brokers do.
 */
export class ClientConnection implements SessionConnection, LoginHost {
  readonly id: number;
  readonly #world: ConnectionWorld;
  readonly #client: ClientLink;
  readonly #journal: Journal;
  readonly #login: ClientLogin;
  readonly #framer = new Framer(maxFrameBeforeLogin);
  readonly #header = new RequestHeader();
  readonly #inFlight = new InFlight(mostInFlight);
  /** Groups that the client joined here and has not left, by group id. */
  readonly #memberships = new Map<string, Membership>();
  readonly #state = new ConnectionState();
  #rest: Buffer | undefined;
  #busy = false;
  #flushing = false;
  #closed = false;
  #session: Session | undefined;
  #link: UpstreamLink | undefined;
  #deadline: Timer;

  /** `source` is the client's `address:port`. */
  constructor(id: number, socket: Socket, source: string, world: ConnectionWorld) {
    this.id = id;
    this.#world = world;
    this.#journal = new Journal(world, id, source);
    this.#login = new ClientLogin(world, this.#journal, id, this);
    this.#client = new ClientLink(socket, world.clock, {
      onData: (chunk) => this.#onData(chunk),
      onDrain: () => this.resume(),
      onGone: () => this.#end('client'),
      onClosed: () => this.#leave(),
    });
    this.#deadline = world.clock.after(loginWithin, () => this.cut('idle'));
    this.#client.resume();
  }

  /** Access may have changed. What lost its right and is under way may not reach the kernel, on either side. */
  recheck(): void {
    const session = this.#session;
    if (!session) return;
    const lost = (touch: Touch): boolean => !session.access.allows(touch.operation, touch.kind, touch.name);
    if (!this.#closed) this.#leaveGroups(({ groupId }) => !session.access.allows('consume', 'group', groupId));
    if (this.#client.holds(lost) || [...this.#inFlight].some((entry) => entry.touches.some(lost))) {
      this.cut(this.#world.lossReason(session));
    }
  }

  /** Resets the connection: what the kernel does not have yet is not sent. */
  cut(reason: CloseReason): void {
    if (this.#closed) return this.#client.reset(); // it was ending, and sending what it had
    this.#world.metrics.cuts.add({ cluster: this.#world.cluster, reason });
    for (const entry of this.#inFlight) {
      if (entry.enforcement?.api !== apis.Fetch) continue;
      const topics = entry.touches.map(({ name }) => ({ topic: name, partition: -1 }));
      this.#journal.append({ kind: 'fetch_cut', topics, bytes: 0, reason }, entry.correlationId);
    }
    this.#client.reset();
    this.#leaveGroups(() => true);
    this.#end(reason);
  }

  /** Something that held the reading has room again. */
  resume(): void {
    if (this.#closed) return;
    if (!this.#client.congested && !this.#world.recorder.full) this.#link?.resume();
    if (!this.#busy) this.#pump();
  }

  // client -> broker

  #onData(chunk: Buffer): void {
    if (this.#closed) return;
    this.#world.metrics.bytes.add(this.#world.bytesIn, chunk.length);
    this.#rest = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#pump();
  }

  /** Judges as many frames as may be judged now; the socket is read only while nothing holds it. */
  #pump(): void {
    try {
      while (this.#rest && !this.#holder()) {
        const bytes = this.#rest;
        this.#rest = undefined;
        const used = this.#framer.push(bytes, (frame) => {
          this.#onFrame(frame);
          return !this.#holder();
        });
        if (used < bytes.length && !this.#closed) this.#rest = bytes.subarray(used);
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#closed) return;
    const holder = this.#holder();
    if (holder && !this.#client.isPaused) {
      this.#client.pause();
      this.#world.metrics.pauses.add({ cluster: this.#world.cluster, reason: holder });
    } else if (!holder && this.#client.isPaused) {
      this.#client.resume();
    }
  }

  /** What keeps further frames from being judged. */
  #holder(): 'closed' | 'step' | 'inFlight' | 'broker' | 'client' | 'recorder' | undefined {
    if (this.#closed) return 'closed';
    if (this.#busy) return 'step';
    if (this.#inFlight.full) return 'inFlight';
    if (this.#link?.congested) return 'broker';
    if (this.#client.congested) return 'client';
    return this.#world.recorder.full ? 'recorder' : undefined;
  }

  #onFrame(frame: Buffer): void {
    if (this.#login.expectsBareToken) return this.#login.bareToken(frame.subarray(framePrefix));
    const header = this.#header.read(frame);
    const body = frame.subarray(header.bodyOffset);
    if (!this.#session) this.#journal.clientId ||= header.clientId(frame) ?? '';
    if (header.apiKey === ApiKey.ApiVersions) this.#answerApiVersions(body, header);
    else if (isSaslApi(header.apiKey)) this.#login.request(header, body);
    else if (this.#session) this.#enforce(frame, header, this.#session);
    else this.#close({ kind: 'close', code: 'UnknownApi', why: `API ${header.apiKey} before authentication` });
  }

  #answerApiVersions(body: Buffer, { apiVersion, correlationId }: RequestHeader): void {
    const answer = new Writer(512);
    if (apiVersion < apiVersionsRange.min || apiVersion > apiVersionsRange.max) {
      apis.ApiVersions.writeResponse(answer, 0, unsupportedApiVersions());
      return this.#answerLocally(correlationId, 0, answer);
    }
    const request = apis.ApiVersions.readRequest(new Cursor(body), apiVersion);
    if (apiVersion >= 3) this.#journal.software = `${request.clientSoftwareName} ${request.clientSoftwareVersion}`;
    const { features } = this.#world;
    if (!features) return this.#end('upstream'); // what the broker can do is not known yet: no answer beats a wrong one
    apis.ApiVersions.writeResponse(answer, apiVersion, advertised(features));
    this.#answerLocally(correlationId, 0, answer);
  }

  #enforce(frame: Buffer, header: RequestHeader, session: Session, asked = false): void {
    const { apiKey, apiVersion, correlationId } = header;
    const entry = table.get(apiKey);
    const { features, cluster, clock } = this.#world;
    const broker = features?.versions.get(apiKey);
    if (!entry || !features || !broker) return this.#close({ kind: 'close', code: 'UnknownApi', why: `API ${apiKey}` });
    if (apiVersion < Math.max(entry.min, broker.min) || apiVersion > Math.min(entry.max, broker.max)) {
      return this.#close({ kind: 'close', code: 'UnsupportedVersion', why: `${entry.api.name} version ${apiVersion}` });
    }
    const clientId = header.clientId(frame) ?? '';
    if (clientId === adminClientId) frame[header.clientIdStart] = 0x2d;
    const context = this.#context(session, features, clientId);
    context.asked = asked;
    const outcome = entry.onRequest(frame.subarray(header.bodyOffset), apiVersion, context);
    if (outcome.kind === 'need') {
      if (asked) throw new BugError('a request needs names that were asked for');
      return this.wait(async () => {
        await this.#world.topicNames.find(outcome.topicIds);
        if (!this.#closed) this.#enforce(frame, this.#header.read(frame), session, true);
      });
    }
    this.#journal.denials(context, correlationId);
    this.#world.metrics.requests.add({ cluster, api: entry.api.name, outcome: outcome.kind });
    if (outcome.kind === 'close') return this.#close(outcome);
    if (outcome.kind === 'reply') {
      this.#journal.events(context, correlationId);
      return this.#answerLocally(correlationId, entry.api.responseHeaderVersion(apiVersion), outcome.body);
    }
    const { pending } = outcome;
    const { touches, strict, grant, policy } = context;
    const since = clock.monotonic();
    this.#noteMembership(context);
    this.#forward(frame, header.bodyOffset, outcome, context, {
      correlationId,
      version: apiVersion,
      enforcement: entry,
      clientId,
      pending,
      touches,
      strict,
      grant,
      policy,
      since,
      answer: undefined,
      upstream: true,
      arrived: false,
    });
  }

  #forward(
    frame: Buffer,
    bodyOffset: number,
    outcome: Outcome & { kind: 'forward' | 'send' },
    context: FrameContext,
    entry: InFlightEntry,
  ): void {
    const chunks = outcome.kind === 'forward' ? [frame] : withBody(frame, bodyOffset, outcome.body);
    const send = (): void => {
      if (outcome.answered) this.#inFlight.push(entry);
      this.#link?.send(chunks);
    };
    // Without an answer there is nothing to hold back until the record is durable, so the request itself waits.
    const durableFirst = context.strict && !outcome.answered && context.events.length > 0;
    if (this.#link && !durableFirst) {
      this.#journal.events(context, entry.correlationId);
      return send();
    }
    this.wait(async () => {
      if (!this.#link) await this.#openLink();
      if (durableFirst) await this.#durable(context, entry.correlationId);
      else this.#journal.events(context, entry.correlationId);
      const session = this.#session;
      if (!session || this.#closed) return;
      const lost = entry.touches.some((touch) => !session.access.allows(touch.operation, touch.kind, touch.name));
      if (lost)
        this.cut(this.#world.lossReason(session)); // access ended while this request waited
      else send();
    });
  }

  async #openLink(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const socket = await this.#world.dial(session);
    if (this.#closed) {
      socket.destroy();
      return;
    }
    this.#link = new UpstreamLink(socket, {
      onFrame: (frame) => this.#onAnswer(frame),
      onDrain: () => this.resume(),
      onClosed: () => this.#end('upstream'),
    });
  }

  #context(session: Session, features: BrokerFeatures, clientId: string): FrameContext {
    const { view, maskers, topicNames } = this.#world;
    return new FrameContext(session.access, { view, features, maskers, topicNames }, this.#state, clientId);
  }

  // broker -> client

  #onAnswer(frame: Buffer): void {
    try {
      const entry = this.#inFlight.nextFromBroker();
      if (!entry || frame.length < 8 || frame.readInt32BE(framePrefix) !== entry.correlationId) {
        throw new ProtocolError('BadFrame', 'the broker answered something that was not asked');
      }
      this.#judgeAnswer(frame, entry);
    } catch (error) {
      this.#fail(error);
    }
  }

  #judgeAnswer(frame: Buffer, entry: InFlightEntry, asked = false): void {
    const { enforcement, correlationId, version } = entry;
    const { features } = this.#world;
    const session = this.#session;
    if (!session || !enforcement || !features) return;
    entry.arrived = true;
    const bodyOffset = answerBodyOffset(frame, enforcement.api.responseHeaderVersion(version));
    const context = this.#context(session, features, entry.clientId);
    context.asked = asked;
    context.strict = entry.strict;
    context.grant = entry.grant;
    context.policy = entry.policy;
    const outcome = enforcement.onResponse(frame.subarray(bodyOffset), version, entry.pending, context);
    if (outcome.kind === 'need') {
      this.#link?.pause();
      if (asked) throw new BugError('an answer needs names that were asked for');
      const again = this.#world.topicNames.find(outcome.topicIds).then(() => {
        if (this.#closed) return;
        this.#judgeAnswer(frame, entry, true);
        this.resume();
      });
      again.catch((error: unknown) => this.#fail(error));
      return;
    }
    this.#journal.denials(context, correlationId);
    if (outcome.kind === 'close') return this.#close(outcome);
    if (context.touches.length > 0) entry.touches = context.touches;
    const answer = outcome.kind === 'forward' ? [frame] : withBody(frame, bodyOffset, outcome.body);
    const ready = (): void => {
      entry.answer = answer;
      this.#flush();
    };
    if (!context.strict || context.events.length === 0) {
      this.#journal.events(context, correlationId);
      if (this.#world.recorder.full) this.#link?.pause();
      return ready();
    }
    this.#link?.pause(); // no further answers are held while this one waits for the disk
    this.#journal.durably(context, correlationId, (error) => {
      if (error) return this.#end('recorder');
      ready();
      this.resume();
    });
  }

  /** Hands out what is ready, in order. */
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    for (let entry = this.#inFlight.shiftReady(); entry && !this.#closed; entry = this.#inFlight.shiftReady()) {
      this.#write(entry.answer ?? [], entry.touches);
    }
    this.#flushing = false;
    if (this.#rest || this.#client.isPaused) this.resume();
  }

  #write(chunks: readonly Uint8Array[], touches?: readonly Touch[]): void {
    const bytes = this.#client.write(chunks, touches);
    this.#world.metrics.bytes.add(this.#world.bytesOut, bytes);
    if (this.#client.congested) this.#link?.pause();
  }

  #answerLocally(correlationId: number, headerVersion: 0 | 1, body: Writer): void {
    const answer = answerFrame(correlationId, headerVersion, body);
    this.#inFlight.push({
      correlationId,
      version: 0,
      enforcement: undefined,
      clientId: '',
      pending: undefined,
      touches: [],
      strict: false,
      grant: undefined,
      policy: undefined,
      since: 0,
      answer,
      upstream: false,
      arrived: true,
    });
    this.#flush();
  }

  // LoginHost

  get principal(): Principal | undefined {
    return this.#session?.principal;
  }

  answer(body: Writer, header: SaslHeader): void {
    if (!header) return this.#write(bareFrame(body));
    const api = header.apiKey === ApiKey.SaslHandshake ? apis.SaslHandshake : apis.SaslAuthenticate;
    this.#answerLocally(header.correlationId, api.responseHeaderVersion(header.apiVersion), body);
  }

  accept(principal: Principal, expiresAt: number): void {
    if (this.#closed) return;
    this.#deadline.cancel();
    this.#deadline = alarmAt(this.#world.clock, expiresAt, () => this.cut('expired'));
    this.#session ??= this.#world.sessions.join(principal, this.#world.cluster, this);
    this.#journal.session = this.#session;
    this.#framer.maxFrameSize = maxFrame;
  }

  refuse(why: string): void {
    this.#close({ kind: 'close', code: 'BadFrame', why });
  }

  hangUp(): void {
    this.#end('protocol');
  }

  giveUp(): void {
    this.#end('upstream');
  }

  wait(step: () => Promise<void>): void {
    this.#busy = true;
    step().then(
      () => {
        this.#busy = false;
        if (!this.#closed) this.#pump();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  // ends

  #durable(context: FrameContext, correlationId: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#journal.durably(context, correlationId, (error) => (error ? reject(error) : resolve()));
    });
  }

  #close({ code, why }: Close): void {
    this.#journal.flood({ kind: 'error', code, where: 'kafka' });
    const fields = { cluster: this.#world.cluster, connection: this.id, code, reason: why };
    this.#world.log.info('a connection was closed', fields);
    this.#end('protocol');
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    const code = error instanceof SluiceError ? error.code : 'Bug';
    this.#journal.flood({ kind: 'error', code, where: 'kafka' });
    const level = code === 'Bug' ? 'error' : 'warn';
    this.#world.log[level]('a connection failed', { cluster: this.#world.cluster, connection: this.id, code, error });
    this.#end(code === 'RecorderFailed' ? 'recorder' : error instanceof ProtocolError ? 'protocol' : 'upstream');
  }

  #end(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest = undefined;
    this.#deadline.cancel();
    this.#link?.reset();
    this.#client.end(); // answers that were given before the end still go out; after a cut there is nothing left to go
    this.#world.onClosed(this, reason);
  }

  /** The client cannot do it any more, and its groups should not have to wait for its session timeout. */
  #leaveGroups(which: (membership: Membership) => boolean): void {
    const left = [...this.#memberships.values()].filter(which);
    if (!this.#session || left.length === 0) return;
    for (const { groupId } of left) this.#memberships.delete(groupId);
    this.#world.leaveGroups(this.#session, left, (event) => this.#journal.append(event));
  }

  /** Only when no byte can reach the client any more: until then a cut has to find this connection. */
  #leave(): void {
    if (this.#session) this.#world.sessions.leave(this.#session, this);
  }

  #noteMembership({ joined, left }: FrameContext): void {
    if (joined) this.#memberships.set(joined.groupId, joined);
    if (left !== undefined) this.#memberships.delete(left);
  }
}
