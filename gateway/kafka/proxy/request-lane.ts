import { Cursor } from '../../../core/bytes/cursor.ts';
import { Writer } from '../../../core/bytes/writer.ts';
import { BugError, ProtocolError } from '../../../core/errors/sluice-error.ts';
import type { Session } from '../../session/session.ts';
import {
  advertised,
  apiVersionsRange,
  invalidApiVersions,
  isSoftware,
  namesSoftwareFrom,
  unsupportedApiVersions,
} from '../enforce/api-versions.ts';
import type { FrameContext, Touch } from '../enforce/context.ts';
import type { Enforcement, Outcome } from '../enforce/enforcement.ts';
import { table } from '../enforce/table.ts';
import { ApiKey, apis } from '../wire/generated/apis.ts';
import { framePrefix, RequestHeader } from '../wire/request-header.ts';
import type { AnswerLane } from './answer-lane.ts';
import type { ClientLogin } from './client-login.ts';
import { answerFrame, withBody } from './frames.ts';
import { type InFlightEntry, localAnswer } from './in-flight.ts';
import type { LaneHost } from './lane-host.ts';
import { isSaslApi } from './sasl-server.ts';

const maxFrameBeforeLogin = 64 << 10;
const maxFrame = 104_857_600; // socket.request.max.bytes of a broker
const adminClientId = '__admin_client'; // lets Produce write internal topics

/** What a request needs of its connection besides what both directions share. */
export interface RequestHost extends LaneHost {
  /** Dials the broker. */
  openUpstream(): Promise<void>;
  /** Access ended while a request waited. */
  cutLost(): void;
  /** A request that was allowed goes out. */
  onAllowed(context: FrameContext): void;
}

/** Client to broker: frames are judged one after the other by the table's enforcements. */
export class RequestLane {
  readonly #host: RequestHost;
  readonly #login: ClientLogin;
  readonly #answers: AnswerLane;
  readonly #header = new RequestHeader();
  readonly #counted = new Map<Enforcement, { cluster: string; api: string; outcome: string }>();
  /** What was allowed for requests without an answer that the kernel may not have yet. */
  #unanswered: Touch[] = [];
  /** Async steps (token check, dialling, a durable record) under way: nothing is judged meanwhile. */
  #steps = 0;

  constructor(host: RequestHost, login: ClientLogin, answers: AnswerLane) {
    this.#host = host;
    this.#login = login;
    this.#answers = answers;
  }

  /** Bytes from the client, see InletEvents. */
  onBytes(view: Buffer): number {
    const { world } = this.#host;
    let at = 0;
    try {
      while (!this.#holder()) {
        const used = this.#next(at === 0 ? view : view.subarray(at));
        if (used === 0) break;
        at += used;
      }
    } catch (error) {
      this.#host.fail(error);
    }
    if (this.#host.closed) return view.length;
    world.metrics.bytes.add(world.bytesIn, at);
    this.#answers.flush();
    this.flush();
    return at;
  }

  /** Hands to the kernel what goes to the broker; the client is read only while nothing holds it. */
  flush(): void {
    const { client, upstream, world } = this.#host;
    upstream?.flush();
    const holder = this.#holder();
    if (!holder) return client.resume();
    if (client.paused) return;
    client.pause();
    world.metrics.pauses.add({ cluster: world.cluster, reason: holder });
  }

  /** Whether requests without an answer, which the kernel does not have yet, need something that is lost. */
  holds(lost: (touch: Touch) => boolean): boolean {
    return !this.#sent() && this.#unanswered.some(lost);
  }

  /** Runs an async step with the reading stopped. */
  wait(step: () => Promise<void>): void {
    this.#steps++;
    step().then(
      () => {
        this.#steps--;
        if (this.#host.closed) return;
        this.#answers.flush();
        this.flush();
      },
      (error: unknown) => this.#host.fail(error),
    );
  }

  /** What keeps further frames from being judged. */
  #holder(): 'closed' | 'step' | 'inFlight' | 'broker' | 'client' | 'recorder' | undefined {
    const { closed, upstream, client, world } = this.#host;
    if (closed) return 'closed';
    if (this.#steps > 0) return 'step';
    if (this.#answers.inFlight.full) return 'inFlight';
    if (upstream?.pending) return 'broker';
    if (client.pending) return 'client';
    return world.recorder.full ? 'recorder' : undefined;
  }

  /** Judges one frame; returns its size, or 0 when more of it has to come first. */
  #next(view: Buffer): number {
    if (view.length < framePrefix) return 0;
    const length = view.readInt32BE(0);
    const most = this.#host.session ? maxFrame : maxFrameBeforeLogin;
    if (length < 0 || length > most) {
      throw new ProtocolError('BadFrame', `a frame announces ${length} bytes, with ${most} allowed`);
    }
    const total = framePrefix + length;
    if (view.length < total) {
      this.#host.client.want(total);
      return 0;
    }
    this.#onFrame(view.length === total ? view : view.subarray(0, total));
    return total;
  }

  #onFrame(frame: Buffer): void {
    if (this.#login.expectsBareToken) return this.#login.bareToken(frame.subarray(framePrefix));
    const { session, journal } = this.#host;
    const header = this.#header.read(frame);
    if (!session) journal.clientId ||= header.clientId(frame) ?? '';
    if (header.apiKey === ApiKey.ApiVersions) this.#answerApiVersions(frame.subarray(header.bodyOffset), header);
    else if (isSaslApi(header.apiKey)) this.#login.request(header, frame.subarray(header.bodyOffset));
    else if (session) this.#enforce(frame, header, session);
    else this.#host.close({ kind: 'close', code: 'UnknownApi', why: `API ${header.apiKey} before authentication` });
  }

  #answerApiVersions(body: Buffer, { apiVersion, correlationId }: RequestHeader): void {
    const answer = new Writer(512);
    if (apiVersion < apiVersionsRange.min || apiVersion > apiVersionsRange.max) {
      apis.ApiVersions.writeResponse(answer, 0, unsupportedApiVersions());
      return this.#answers.add(localAnswer(correlationId, answerFrame(correlationId, 0, answer)));
    }
    const request = apis.ApiVersions.readRequest(new Cursor(body), apiVersion);
    const { journal, world } = this.#host;
    if (apiVersion >= namesSoftwareFrom) {
      if (!isSoftware(request)) {
        apis.ApiVersions.writeResponse(answer, apiVersion, invalidApiVersions);
        return this.#answers.add(localAnswer(correlationId, answerFrame(correlationId, 0, answer)));
      }
      journal.software = `${request.clientSoftwareName} ${request.clientSoftwareVersion}`;
    }
    if (!world.features) return this.#host.giveUp(); // what the broker can do is not known yet: no answer beats a wrong one
    apis.ApiVersions.writeResponse(answer, apiVersion, advertised(world.features));
    this.#answers.add(localAnswer(correlationId, answerFrame(correlationId, 0, answer)));
  }

  #enforce(frame: Buffer, header: RequestHeader, session: Session, asked = false): void {
    const { world, journal } = this.#host;
    const { apiKey, apiVersion, correlationId, bodyOffset } = header;
    const entry = table.get(apiKey);
    const { features } = world;
    const broker = features?.versions.get(apiKey);
    if (!entry || !features || !broker) {
      return this.#host.close({ kind: 'close', code: 'UnknownApi', why: `API ${apiKey}` });
    }
    if (apiVersion < Math.max(entry.min, broker.min) || apiVersion > Math.min(entry.max, broker.max)) {
      const why = `${entry.api.name} version ${apiVersion}`;
      return this.#host.close({ kind: 'close', code: 'UnsupportedVersion', why });
    }
    const clientId = header.clientId(frame) ?? '';
    if (clientId === adminClientId) frame[header.clientIdStart] = 0x2d;
    const context = this.#host.context(session, features, clientId);
    context.asked = asked;
    const outcome = entry.onRequest(frame.subarray(bodyOffset), apiVersion, context);
    if (outcome.kind === 'need') return this.#ask(frame, outcome.topicIds, session, asked);
    journal.denials(context, correlationId);
    this.#count(entry, outcome.kind);
    if (outcome.kind === 'close') return this.#host.close(outcome);
    if (outcome.kind === 'reply') {
      journal.events(context, correlationId);
      const answer = answerFrame(correlationId, entry.api.responseHeaderVersion(apiVersion), outcome.body);
      return this.#answers.add(localAnswer(correlationId, answer));
    }
    this.#host.onAllowed(context);
    const { pending } = outcome;
    const { touches, strict, grant, policy } = context;
    this.#forward(frame, bodyOffset, outcome, context, {
      correlationId,
      version: apiVersion,
      enforcement: entry,
      clientId,
      pending,
      touches,
      strict,
      grant,
      policy,
      answer: undefined,
      upstream: true,
      arrived: false,
      held: false,
      borrowed: undefined,
    });
  }

  #count(entry: Enforcement, outcome: Outcome['kind']): void {
    let labels = this.#counted.get(entry);
    if (labels?.outcome !== outcome) {
      labels = { cluster: this.#host.world.cluster, api: entry.api.name, outcome };
      this.#counted.set(entry, labels);
    }
    this.#host.world.metrics.requests.add(labels);
  }

  #ask(frame: Buffer, topicIds: readonly string[], session: Session, asked: boolean): void {
    if (asked) throw new BugError('a request needs names that were asked for');
    this.wait(async () => {
      await this.#host.world.topicNames.find(topicIds);
      if (!this.#host.closed) this.#enforce(frame, this.#header.read(frame), session, true);
    });
  }

  #forward(
    frame: Buffer,
    bodyOffset: number,
    outcome: Outcome & { kind: 'forward' | 'send' },
    context: FrameContext,
    entry: InFlightEntry,
  ): void {
    const { journal } = this.#host;
    const send = (): void => {
      const { upstream } = this.#host;
      if (outcome.answered) {
        this.#answers.inFlight.push(entry);
      } else {
        if (this.#unanswered.length > 0 && this.#sent()) this.#unanswered = [];
        for (const touch of entry.touches) this.#unanswered.push(touch);
      }
      if (outcome.kind === 'forward') upstream?.write(frame);
      else for (const chunk of withBody(frame, bodyOffset, outcome.body)) upstream?.write(chunk);
    };
    // Without an answer there is nothing to hold back until the record is durable, so the request itself waits.
    const durableFirst = context.strict && !outcome.answered && context.events.length > 0;
    if (this.#host.upstream && !durableFirst) {
      journal.events(context, entry.correlationId);
      return send();
    }
    this.wait(async () => {
      if (!this.#host.upstream) await this.#host.openUpstream();
      if (durableFirst) await this.#durable(context, entry.correlationId);
      else journal.events(context, entry.correlationId);
      const { session, closed } = this.#host;
      if (!session || closed) return;
      const lost = entry.touches.some((touch) => !context.access.allows(touch.operation, touch.kind, touch.name));
      if (lost) this.#host.cutLost();
      else send();
    });
  }

  /** The kernel has all that was written to the broker. */
  #sent(): boolean {
    const { upstream } = this.#host;
    return !upstream || !(upstream.pending || upstream.unflushed);
  }

  #durable(context: FrameContext, correlationId: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#host.journal.durably(context, correlationId, (error) => (error ? reject(error) : resolve()));
    });
  }
}
