import type { CloseReason, TopicEntry } from '../../../core/audit/event.ts';
import { BugError, ProtocolError } from '../../../core/errors/sluice-error.ts';
import type { FrameContext, Touch } from '../enforce/context.ts';
import { framePrefix } from '../wire/request-header.ts';
import { AnswerStream } from './answer-stream.ts';
import { answerBodyOffset, withBody } from './frames.ts';
import { InFlight, type InFlightEntry } from './in-flight.ts';
import type { LaneHost } from './lane-host.ts';

const maxAnswer = 256 << 20;
const mostInFlight = 128;
/** Length and correlation id. */
const leastAnswer = 8;
/** Enough to see where a body begins. */
const leastHeader = 64;
/** An answer that has to wait is copied up to this size, so that those behind it are read on. */
const smallAnswer = 16 << 10;
/** An answer larger than this, and than what has come of it, goes on while it arrives. */
const streamedFrom = 64 << 10;

/** Broker to client: answers are judged as they come, and handed out in the order of their requests. */
export class AnswerLane {
  readonly inFlight = new InFlight(mostInFlight);
  readonly #host: LaneHost;
  #stream: AnswerStream | undefined;
  /** Answers in the broker's buffer that wait: it may not be used again. */
  #held = 0;
  /** Spare memory of answers that were written: given back when the kernel has them. */
  #borrowed: Buffer[] = [];

  constructor(host: LaneHost) {
    this.#host = host;
  }

  /** The first answer goes to the client while it arrives. */
  get streaming(): boolean {
    return this.#stream !== undefined;
  }

  /** What such an answer was allowed for. */
  get streamed(): readonly Touch[] {
    return (this.#stream && [...this.inFlight][0]?.touches) ?? [];
  }

  /** Bytes from the broker, see InletEvents. */
  onBytes(view: Buffer): number {
    if (this.#host.closed) return view.length;
    try {
      const used = this.#walk(view);
      this.flush();
      return used;
    } catch (error) {
      this.#host.fail(error);
      return view.length;
    }
  }

  /** Adds an answer that was made here; it waits for those before it. */
  add(entry: InFlightEntry): void {
    this.inFlight.push(entry);
    this.#handOut();
  }

  /** Hands to the kernel what was written, and reads on from the broker when nothing speaks against it. */
  flush(): void {
    const { client, world, upstream } = this.#host;
    const bytes = client.flush();
    if (bytes > 0) world.metrics.bytes.add(world.bytesOut, bytes);
    if (this.#borrowed.length > 0 && !client.pending) this.#giveBack();
    if (this.#holder()) upstream?.inlet.pause();
    else upstream?.inlet.resume();
  }

  /** The connection ends: records what was sent and will not be answered, and what was given of an answer. */
  lose(reason: CloseReason): void {
    this.#recordBegun(reason);
    for (const entry of this.inFlight) {
      const context = entry.arrived ? undefined : this.#contextOf(entry);
      if (!context) continue;
      entry.enforcement?.lost?.(entry.pending, context);
      this.#host.journal.events(context, entry.correlationId);
    }
  }

  /** Of an answer that the client was given a part of. */
  #recordBegun(reason: CloseReason): void {
    const [entry] = this.inFlight;
    const begun = this.#stream?.begun;
    const context = entry && begun && this.#contextOf(entry);
    if (!context) return;
    const topics = begun.length > 0 ? begun : readTopics(entry.touches);
    context.events.push({ kind: 'fetch_cut', topics, bytes: this.#stream!.sent, reason });
    this.#host.journal.events(context, entry.correlationId);
  }

  #holder(): boolean {
    const { closed, client, world } = this.#host;
    return closed || client.pending || this.#held > 0 || this.#stream?.waiting === true || world.recorder.full;
  }

  #walk(view: Buffer): number {
    let at = 0;
    while (!this.#host.closed && this.#held === 0) {
      const rest = at === 0 ? view : view.subarray(at);
      if (this.#stream) {
        const used = this.#stream.take(rest);
        at += used;
        if (this.#stream.finished) this.#endStream();
        else if (used === 0 || this.#stream.waiting) return at;
        else continue;
      } else {
        const used = this.#next(rest);
        if (used === undefined) return at;
        at += used;
      }
    }
    return this.#host.closed ? view.length : at;
  }

  /** One more answer; undefined when more of it has to come first. */
  #next(view: Buffer): number | undefined {
    if (view.length < leastAnswer) return undefined;
    const total = framePrefix + view.readInt32BE(0);
    if (total < leastAnswer || total > maxAnswer) {
      throw new ProtocolError('BadFrame', 'the broker sent what is no answer');
    }
    const entry = this.inFlight.nextFromBroker();
    if (!entry || view.readInt32BE(framePrefix) !== entry.correlationId) {
      throw new ProtocolError('BadFrame', 'the broker answered something that was not asked');
    }
    const whole = view.length >= total;
    if (!whole && total > streamedFrom && view.length >= leastHeader && this.#openStream(view, total, entry)) return 0;
    if (!whole) {
      this.#host.upstream?.inlet.want(total);
      return undefined;
    }
    entry.arrived = true;
    this.#judge(view.length === total ? view : view.subarray(0, total), entry);
    return total;
  }

  // whole answers

  #judge(frame: Buffer, entry: InFlightEntry, asked = false): void {
    const { enforcement, correlationId, version } = entry;
    const context = this.#contextOf(entry);
    if (!context || !enforcement) return;
    context.asked = asked;
    const bodyOffset = answerBodyOffset(frame, enforcement.api.responseHeaderVersion(version));
    const outcome = enforcement.onResponse(frame.subarray(bodyOffset), version, entry.pending, context);
    if (outcome.kind === 'need') return this.#ask(frame, entry, outcome.topicIds, asked);
    this.#host.journal.denials(context, correlationId);
    if (outcome.kind === 'close') return this.#host.close(outcome);
    if (context.touches.length > 0) entry.touches = context.touches;
    entry.borrowed = context.borrowed;
    const answer = outcome.kind === 'forward' ? [frame] : withBody(frame, bodyOffset, outcome.body);
    if (!context.strict || context.events.length === 0) {
      this.#host.journal.events(context, correlationId);
      entry.answer = this.inFlight.isFirst(entry) ? answer : this.#kept(frame, entry, answer);
      return this.#handOut();
    }
    const kept = this.#kept(frame, entry, answer);
    this.#durably(context, entry, () => {
      entry.answer = kept;
      this.#handOut();
    });
  }

  /** An answer that has to wait: the broker's buffer is read into again, unless it is held until this one went out. */
  #kept(frame: Buffer, entry: InFlightEntry, answer: readonly Uint8Array[]): readonly Uint8Array[] {
    if (frame.length <= smallAnswer) return answer.map((chunk) => Buffer.from(chunk));
    this.#held++;
    entry.held = true;
    return answer;
  }

  #ask(frame: Buffer, entry: InFlightEntry, topicIds: readonly string[], asked: boolean): void {
    if (asked) throw new BugError('an answer needs names that were asked for');
    this.#held++;
    const again = this.#host.world.topicNames.find(topicIds).then(() => {
      this.#held--;
      if (this.#host.closed) return;
      this.#judge(frame, entry, true);
      this.flush();
    });
    again.catch((error: unknown) => this.#host.fail(error));
  }

  // answers that go on while they arrive

  /** False when this one cannot be handed on like that. */
  #openStream(view: Buffer, total: number, entry: InFlightEntry): boolean {
    const { enforcement, version } = entry;
    if (!enforcement?.stream || !this.inFlight.isFirst(entry)) return false;
    const context = this.#contextOf(entry);
    if (!context) return false;
    const headerLength = answerBodyOffset(view, enforcement.api.responseHeaderVersion(version));
    const bodyLength = total - headerLength;
    const scan = enforcement.stream(bodyLength, version, entry.pending, context);
    if (!scan) return false;
    entry.arrived = true;
    if (context.touches.length > 0) entry.touches = context.touches;
    const { strict } = context;
    const stream = new AnswerStream({
      scan,
      headerLength,
      bodyLength,
      strict,
      write: (chunk) => this.#host.client.write(chunk, entry.touches),
      onScanned: () => {
        scan.record(context);
        if (strict && context.events.length > 0) this.#durably(context, entry, () => stream.release());
        else {
          this.#host.journal.events(context, entry.correlationId);
          stream.release();
        }
      },
    });
    this.#stream = stream;
    if (strict) {
      const topics = entry.touches.map(({ name }) => ({ topic: name, partition: -1 }));
      context.events.push({ kind: 'fetch_open', topics });
      this.#durably(context, entry, () => stream.release());
      context.events.length = 0;
    }
    return true;
  }

  #endStream(): void {
    this.#stream = undefined;
    this.inFlight.shift();
    this.#handOut();
  }

  // in order

  #durably(context: FrameContext, entry: InFlightEntry, ready: () => void): void {
    this.#host.journal.durably(context, entry.correlationId, (error) => {
      if (this.#host.closed) return;
      if (error) return this.#host.fail(error);
      ready();
      this.flush();
    });
  }

  /** Writes what is ready, in order. */
  #handOut(): void {
    const { client } = this.#host;
    for (let entry = this.inFlight.shiftReady(); entry; entry = this.inFlight.shiftReady()) {
      if (entry.held) this.#held--;
      for (const chunk of entry.answer ?? []) client.write(chunk, entry.touches);
      if (entry.borrowed) this.#borrowed.push(...entry.borrowed);
    }
    this.#host.onAnswered();
  }

  #giveBack(): void {
    const { spare } = this.#host.world.buffers;
    for (const memory of this.#borrowed) spare.give(memory);
    this.#borrowed = [];
  }

  #contextOf(entry: InFlightEntry): FrameContext | undefined {
    const { session, world } = this.#host;
    if (!session || !world.features) return undefined;
    const context = this.#host.context(session, world.features, entry.clientId);
    context.strict = entry.strict;
    context.grant = entry.grant;
    context.policy = entry.policy;
    return context;
  }
}

/** Topics of an answer of which it is not known what came. */
export function readTopics(touches: readonly Touch[]): TopicEntry[] {
  return touches.filter(({ kind }) => kind === 'topic').map(({ name }) => ({ topic: name, partition: -1 }));
}
