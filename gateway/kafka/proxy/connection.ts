import type { Socket } from 'node:net';
import type { CloseReason, EventOrigin } from '../../../core/audit/event.ts';
import { Cursor } from '../../../core/bytes/cursor.ts';
import { Framer } from '../../../core/bytes/framer.ts';
import { Writer } from '../../../core/bytes/writer.ts';
import { alarmAt } from '../../../core/clock/alarm.ts';
import type { Timer } from '../../../core/clock/clock.ts';
import { AccessError, ProtocolError, SluiceError } from '../../../core/errors/sluice-error.ts';
import type { Session, SessionConnection } from '../../session/session.ts';
import { advertised, apiVersionsRange, unsupportedApiVersions } from '../enforce/api-versions.ts';
import { FrameContext, type Touch } from '../enforce/context.ts';
import type { Close, Outcome } from '../enforce/enforcement.ts';
import { table } from '../enforce/table.ts';
import { ApiKey, apis } from '../wire/generated/apis.ts';
import { RequestHeader } from '../wire/request-header.ts';
import { writeResponseHeader } from '../wire/response-header.ts';
import type { ConnectionWorld } from './connection-world.ts';
import { InFlight, type InFlightEntry } from './in-flight.ts';
import { type Credentials, isSaslApi, SaslServer, type SaslStep } from './sasl-server.ts';
import { UpstreamLink } from './upstream-link.ts';

const framePrefix = 4;
const maxFrameBeforeLogin = 64 << 10;
const maxFrame = 104_857_600; // socket.request.max.bytes of a broker
const mostInFlight = 128;
const adminClientId = '__admin_client'; // lets Produce write internal topics

/**
 * One client connection: owns its loop and its order, decides nothing. Frames are judged one after the other by the
 * table's enforcements; an async step (token check, dialling, a durable record) stops the reading until it is done.
 * Whatever cannot be understood closes the connection, as brokers do.
 */
export class ClientConnection implements SessionConnection {
  readonly id: number;
  readonly #world: ConnectionWorld;
  readonly #socket: Socket;
  readonly #raw: Socket;
  readonly #origin: EventOrigin;
  readonly #framer = new Framer(maxFrameBeforeLogin);
  readonly #header = new RequestHeader();
  readonly #sasl = new SaslServer();
  readonly #inFlight = new InFlight(mostInFlight);
  /** Topics whose records were handed on lately: a cut must reach bytes that the kernel does not have yet. */
  readonly #delivered = new Map<string, Touch>();
  #rest: Buffer | undefined;
  #busy = false;
  #closed = false;
  #session: Session | undefined;
  #clientId = '';
  #software: string | undefined;
  #link: UpstreamLink | undefined;
  #expiry: Timer | undefined;
  #loginDeadline: Timer | undefined;
  #flushing = false;

  /** `raw` is the TCP socket: the same as `socket`, or the one beneath its TLS. */
  constructor(id: number, socket: Socket, raw: Socket, world: ConnectionWorld) {
    this.id = id;
    this.#world = world;
    this.#socket = socket;
    this.#raw = raw;
    const source = `${raw.remoteAddress ?? 'unknown'}:${raw.remotePort ?? 0}`;
    this.#origin = { conn: String(id), source, cluster: world.cluster, listener: world.listener };
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#link?.resume());
    socket.on('error', () => this.#end('client'));
    socket.on('close', () => this.#end('client'));
    this.#loginDeadline = world.clock.after(30_000, () => this.cut('idle'));
    socket.resume();
  }

  // --- SessionConnection ---------------------------------------------------------------------------------------

  recheck(): void {
    const session = this.#session;
    if (!session || this.#closed) return;
    const lost = (touch: Touch): boolean => !session.access.allows(touch.operation, touch.kind, touch.name);
    let cut = false;
    for (const entry of this.#inFlight) if (entry.touches.some(lost)) cut = true;
    for (const [key, touch] of this.#delivered) {
      if (!lost(touch)) continue;
      this.#delivered.delete(key);
      if (this.#socket.writableLength > 0) cut = true;
    }
    // What lost its right is under way: nothing more of it may reach the kernel, on either side.
    if (cut) this.cut(this.#world.lossReason(session));
  }

  cut(reason: CloseReason): void {
    if (this.#closed) return;
    this.#world.metrics.cuts.add({ cluster: this.#world.cluster, reason });
    for (const entry of this.#inFlight) {
      const topics = entry.touches.filter((touch) => touch.operation === 'consume' && touch.kind === 'topic');
      if (topics.length === 0 || entry.enforcement?.api !== apis.Fetch) continue;
      this.#world.recorder.append({
        ...this.#eventOrigin(entry.correlationId),
        kind: 'fetch_cut',
        topics: topics.map((touch) => ({ topic: touch.name, partition: -1 })),
        bytes: 0,
        reason,
      });
    }
    this.#raw.resetAndDestroy();
    this.#end(reason);
  }

  // --- client -> broker ----------------------------------------------------------------------------------------

  #onData(chunk: Buffer): void {
    if (this.#closed) return;
    this.#world.metrics.bytes.add(this.#world.bytesIn, chunk.length);
    this.#rest = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#pump();
  }

  /** Judges as many frames as may be judged now; the socket is read only while nothing holds it. */
  #pump(): void {
    try {
      while (this.#rest && !this.#held()) {
        const bytes = this.#rest;
        this.#rest = undefined;
        const used = this.#framer.push(bytes, (frame) => {
          this.#onFrame(frame);
          return !this.#held();
        });
        if (used < bytes.length && !this.#closed) {
          const left = bytes.subarray(used);
          this.#rest = this.#rest ? Buffer.concat([left, this.#rest]) : left;
        }
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#closed) return;
    if (this.#held()) this.#socket.pause();
    else this.#socket.resume();
  }

  #held(): boolean {
    if (this.#closed || this.#busy) return true;
    const reason = this.#inFlight.full
      ? 'inFlight'
      : this.#link?.congested
        ? 'broker'
        : this.#world.recorder.full
          ? 'recorder'
          : undefined;
    if (reason) this.#world.metrics.pauses.add({ cluster: this.#world.cluster, reason });
    return reason !== undefined;
  }

  #onFrame(frame: Buffer): void {
    if (this.#sasl.expectsBareToken) {
      this.#saslStep(this.#sasl.bareToken(frame.subarray(framePrefix)), undefined);
      return;
    }
    const header = this.#header.read(frame);
    const { apiKey, apiVersion, correlationId } = header;
    if (apiKey === ApiKey.ApiVersions) {
      this.#answerApiVersions(frame.subarray(header.bodyOffset), apiVersion, correlationId, header.clientId(frame));
    } else if (isSaslApi(apiKey)) {
      if (this.#session && apiKey === ApiKey.SaslHandshake) this.#sasl.reset();
      const body = frame.subarray(header.bodyOffset);
      const step =
        apiKey === ApiKey.SaslHandshake
          ? this.#sasl.handshake(apiVersion, body)
          : this.#sasl.authenticate(apiVersion, body);
      this.#saslStep(step, { apiKey, apiVersion, correlationId });
    } else if (this.#session) {
      this.#enforce(frame, header, this.#session);
    } else {
      this.#refuse({ kind: 'close', code: 'UnknownApi', why: `API ${apiKey} before authentication` });
    }
  }

  #answerApiVersions(body: Buffer, version: number, correlationId: number, clientId: string | null): void {
    const answer = new Writer(512);
    if (version < apiVersionsRange.min || version > apiVersionsRange.max) {
      apis.ApiVersions.writeResponse(answer, 0, unsupportedApiVersions());
      return this.#answerLocally(correlationId, 0, answer);
    }
    const request = apis.ApiVersions.readRequest(new Cursor(body), version);
    if (version >= 3) this.#software = `${request.clientSoftwareName} ${request.clientSoftwareVersion}`;
    this.#clientId ||= clientId ?? '';
    const { features } = this.#world;
    if (!features) return this.#end('upstream'); // what the broker can do is not known yet: no answer is better than a wrong one
    apis.ApiVersions.writeResponse(answer, version, advertised(features));
    this.#answerLocally(correlationId, 0, answer);
  }

  #enforce(frame: Buffer, header: RequestHeader, session: Session): void {
    const { apiKey, apiVersion, correlationId } = header;
    const entry = table.get(apiKey);
    const { features } = this.#world;
    const broker = features?.versions.get(apiKey);
    if (
      !entry ||
      !features ||
      !broker ||
      apiVersion < Math.max(entry.min, broker.min) ||
      apiVersion > Math.min(entry.max, broker.max)
    ) {
      return this.#refuse({
        kind: 'close',
        code: entry ? 'UnsupportedVersion' : 'UnknownApi',
        why: entry ? `${entry.api.name} version ${apiVersion}` : `API ${apiKey}`,
      });
    }
    const clientId = header.clientId(frame) ?? '';
    if (clientId === adminClientId) frame[header.clientIdStart] = 0x2d;
    const context = new FrameContext(session.access, this.#world.view, features, this.#world.maskers, clientId);
    const outcome = entry.onRequest(frame.subarray(header.bodyOffset), apiVersion, context);
    this.#noteDenials(context, correlationId);
    this.#world.metrics.requests.add({ cluster: this.#world.cluster, api: entry.api.name, outcome: outcome.kind });
    switch (outcome.kind) {
      case 'close':
        return this.#refuse(outcome);
      case 'reply': {
        this.#recordAll(context, correlationId);
        return this.#answerLocally(correlationId, entry.api.responseHeaderVersion(apiVersion), outcome.body);
      }
      default:
        return this.#forward(frame, header.bodyOffset, outcome, context, {
          correlationId,
          version: apiVersion,
          enforcement: entry,
          clientId,
          pending: outcome.pending,
          touches: context.touches,
          since: this.#world.clock.monotonic(),
          answer: undefined,
          upstream: true,
          arrived: false,
        });
    }
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
      this.#recordAll(context, entry.correlationId);
      return send();
    }
    this.#await(async () => {
      if (!this.#link) await this.#openLink();
      if (durableFirst) await this.#recordDurably(context, entry.correlationId);
      else this.#recordAll(context, entry.correlationId);
      const session = this.#session;
      if (!session || entry.touches.some((touch) => !session.access.allows(touch.operation, touch.kind, touch.name))) {
        return this.cut('revoked'); // access ended while this request waited
      }
      send();
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
      onDrain: () => this.#pump(),
      onClosed: () => this.#end('upstream'),
    });
  }

  // --- broker -> client ----------------------------------------------------------------------------------------

  #onAnswer(frame: Buffer): void {
    try {
      const entry = this.#inFlight.nextFromBroker();
      if (!entry?.enforcement || frame.length < 8 || frame.readInt32BE(framePrefix) !== entry.correlationId) {
        throw new ProtocolError('BadFrame', 'the broker answered something that was not asked');
      }
      this.#judgeAnswer(frame, entry);
    } catch (error) {
      this.#fail(error);
    }
  }

  #judgeAnswer(frame: Buffer, entry: InFlightEntry): void {
    const { session, enforcement } = { session: this.#session, enforcement: entry.enforcement };
    const { features } = this.#world;
    if (!session || !enforcement || !features) return;
    entry.arrived = true;
    const bodyOffset = answerBody(frame, enforcement.api.responseHeaderVersion(entry.version));
    const context = new FrameContext(session.access, this.#world.view, features, this.#world.maskers, entry.clientId);
    const outcome = enforcement.onResponse(frame.subarray(bodyOffset), entry.version, entry.pending, context);
    this.#noteDenials(context, entry.correlationId);
    if (outcome.kind === 'close') return this.#refuse(outcome);
    if (context.touches.length > 0) entry.touches = context.touches;
    const answer = outcome.kind === 'forward' ? [frame] : withBody(frame, bodyOffset, outcome.body);
    const ready = (): void => {
      entry.answer = answer;
      this.#flush();
    };
    if (context.strict && context.events.length > 0) {
      this.#recordStrict(context, entry.correlationId, (error) => (error ? this.#end('recorder') : ready()));
    } else {
      this.#recordAll(context, entry.correlationId);
      ready();
    }
  }

  /** Hands out what is ready, in order. */
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    for (let entry = this.#inFlight.shiftReady(); entry && !this.#closed; entry = this.#inFlight.shiftReady()) {
      for (const touch of entry.touches) {
        if (touch.operation === 'consume' && touch.kind === 'topic') this.#delivered.set(touch.name, touch);
      }
      this.#write(entry.answer ?? []);
    }
    this.#flushing = false;
    if (this.#rest && !this.#busy) this.#pump();
    else if (!this.#held()) this.#socket.resume();
  }

  #write(chunks: readonly Uint8Array[]): void {
    let bytes = 0;
    this.#socket.cork();
    for (const chunk of chunks) {
      bytes += chunk.length;
      this.#socket.write(chunk);
    }
    this.#socket.uncork();
    this.#world.metrics.bytes.add(this.#world.bytesOut, bytes);
    if (this.#socket.writableNeedDrain) this.#link?.pause();
  }

  #answerLocally(correlationId: number, headerVersion: 0 | 1, body: Writer): void {
    this.#inFlight.push({
      correlationId,
      version: 0,
      enforcement: undefined,
      clientId: '',
      pending: undefined,
      touches: [],
      since: 0,
      answer: responseFrame(correlationId, headerVersion, body),
      upstream: false,
      arrived: true,
    });
    this.#flush();
  }

  // --- authentication ------------------------------------------------------------------------------------------

  #saslStep(step: SaslStep, header: { apiKey: number; apiVersion: number; correlationId: number } | undefined): void {
    switch (step.kind) {
      case 'reply':
        return this.#answerSasl(step.body, header);
      case 'refuse':
        if (step.body) this.#answerSasl(step.body, header);
        this.#socket.end();
        return this.#end('protocol');
      case 'close':
        return this.#refuse({ kind: 'close', code: 'BadFrame', why: step.why });
      case 'check':
        this.#await(() => this.#checkToken(step.credentials, header));
    }
  }

  #answerSasl(body: Writer, header: { apiKey: number; apiVersion: number; correlationId: number } | undefined): void {
    if (!header) {
      const prefix = Buffer.allocUnsafe(framePrefix);
      prefix.writeInt32BE(body.byteLength);
      this.#write([prefix, ...body.chunks()]);
      return;
    }
    const api = header.apiKey === ApiKey.SaslHandshake ? apis.SaslHandshake : apis.SaslAuthenticate;
    this.#answerLocally(header.correlationId, api.responseHeaderVersion(header.apiVersion), body);
  }

  async #checkToken(
    credentials: Credentials,
    header: { apiKey: number; apiVersion: number; correlationId: number } | undefined,
  ): Promise<void> {
    const { mechanism } = credentials;
    try {
      const { principal, expiresAt } = await this.#world.authenticate(credentials.token, credentials.user);
      if (this.#closed) return;
      const before = this.#session?.principal;
      if (before && (before.identity !== principal.identity || before.issuer !== principal.issuer)) {
        throw new AccessError('TokenRefused', 'the token was refused', {
          why: 'a connection cannot change its principal',
        });
      }
      this.#loginDeadline?.cancel();
      this.#expiry?.cancel();
      this.#expiry = alarmAt(this.#world.clock, expiresAt, () => this.cut('expired'));
      this.#session ??= this.#world.sessions.join(principal, this.#world.cluster, this);
      this.#framer.maxFrameSize = maxFrame;
      this.#world.metrics.logins.add({ cluster: this.#world.cluster, outcome: 'ok' });
      this.#world.recorder.append({
        ...this.#eventOrigin(undefined),
        kind: 'auth',
        ok: true,
        mechanism,
        clientId: this.#clientId,
        software: this.#software,
      });
      this.#answerSasl(this.#sasl.accepted(expiresAt - this.#world.clock.now()), header);
    } catch (error) {
      const code = error instanceof SluiceError ? error.code : 'Bug';
      this.#world.metrics.logins.add({ cluster: this.#world.cluster, outcome: code });
      this.#world.flood.note({
        ...this.#eventOrigin(undefined),
        kind: 'auth',
        ok: false,
        mechanism,
        code,
        clientId: this.#clientId,
        software: this.#software,
      });
      this.#world.log.info('a login was refused', { cluster: this.#world.cluster, connection: this.id, code, error });
      if (!(error instanceof AccessError)) return this.#end('upstream'); // "cannot tell now" must not look like a no
      this.#saslStep(this.#sasl.refused(`${error.message}: ${error.why ?? ''}`), header);
    }
  }

  // --- records and ends ----------------------------------------------------------------------------------------

  #noteDenials(context: FrameContext, correlationId: number): void {
    for (const { operation, kind, name, decision, error } of context.denials) {
      this.#world.metrics.denials.add({ cluster: this.#world.cluster, operation, code: decision.code });
      this.#world.flood.note({
        ...this.#eventOrigin(correlationId),
        kind: 'deny',
        operation,
        resource: kind,
        name,
        code: decision.code,
        rule: `${decision.rule.kind}/${decision.rule.name}`,
        error,
      });
      this.#world.explain(this.#session, operation, kind, name, decision);
    }
  }

  #recordAll(context: FrameContext, correlationId: number): void {
    for (const event of context.events)
      this.#world.recorder.append({ ...this.#eventOrigin(correlationId, context), ...event });
  }

  /** Calls back once, when every event of the frame is on the disk. */
  #recordStrict(context: FrameContext, correlationId: number, done: (error: SluiceError | undefined) => void): void {
    const last = context.events.length - 1;
    context.events.forEach((event, i) => {
      const whole = { ...this.#eventOrigin(correlationId, context), ...event };
      if (i < last) this.#world.recorder.append(whole);
      else this.#world.recorder.appendStrict(whole, done); // lines go to the disk in order: the last one stands for all
    });
  }

  #recordDurably(context: FrameContext, correlationId: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#recordStrict(context, correlationId, (error) => (error ? reject(error) : resolve()));
    });
  }

  #eventOrigin(corr: number | undefined, context?: FrameContext): EventOrigin {
    const session = this.#session;
    return {
      ...this.#origin,
      ...(session ? { sid: session.id, principal: session.principal.identity } : {}),
      ...(corr === undefined ? {} : { corr }),
      ...(context?.grant === undefined ? {} : { grant: context.grant }),
      ...(context?.policy === undefined ? {} : { policy: context.policy }),
    };
  }

  /** Runs an async step with the reading stopped. */
  #await(step: () => Promise<void>): void {
    this.#busy = true;
    step().then(
      () => {
        this.#busy = false;
        if (!this.#closed) this.#pump();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #refuse(close: Close): void {
    this.#world.flood.note({ ...this.#eventOrigin(undefined), kind: 'error', code: close.code, where: 'kafka' });
    this.#world.log.info('a connection was closed', {
      cluster: this.#world.cluster,
      connection: this.id,
      code: close.code,
      reason: close.why,
    });
    this.#end('protocol');
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    const code = error instanceof SluiceError ? error.code : 'Bug';
    this.#world.flood.note({ ...this.#eventOrigin(undefined), kind: 'error', code, where: 'kafka' });
    const level = code === 'Bug' ? 'error' : 'warn';
    this.#world.log[level]('a connection failed', { cluster: this.#world.cluster, connection: this.id, code, error });
    this.#end(code === 'RecorderFailed' ? 'recorder' : error instanceof ProtocolError ? 'protocol' : 'upstream');
  }

  #end(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest = undefined;
    this.#expiry?.cancel();
    this.#loginDeadline?.cancel();
    this.#link?.reset();
    if (!this.#socket.writableEnded) this.#socket.destroy();
    else this.#world.clock.after(1000, () => this.#socket.destroy()); // a refusal is still on its way out
    const session = this.#session;
    if (session) this.#world.sessions.leave(session, this);
    this.#world.onClosed(this, reason);
  }
}

/** Where an answer's body begins: behind length, correlation id and, in flexible versions, the header's tags. */
function answerBody(frame: Buffer, headerVersion: 0 | 1): number {
  if (headerVersion === 0) return 8;
  if (frame[8] === 0) return 9;
  const cursor = new Cursor(frame, 8);
  for (let left = cursor.tagCount(); left > 0; left--) {
    cursor.unsignedVarint();
    cursor.skip(cursor.unsignedVarint());
  }
  return cursor.position;
}

/** The frame's header, as it is, in front of another body. */
function withBody(frame: Buffer, bodyOffset: number, body: Writer): Uint8Array[] {
  const header = Buffer.from(frame.subarray(0, bodyOffset));
  header.writeInt32BE(bodyOffset - framePrefix + body.byteLength);
  return [header, ...body.chunks()];
}

function responseFrame(correlationId: number, headerVersion: 0 | 1, body: Writer): Uint8Array[] {
  const header = new Writer(16);
  const length = header.reserveInt32();
  writeResponseHeader(header, headerVersion, correlationId);
  header.patchInt32(length, header.byteLength - framePrefix + body.byteLength);
  return [...header.chunks(), ...body.chunks()];
}
