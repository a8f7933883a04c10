import type { TopicEntry } from '../../../core/audit/event.ts';
import { Cursor } from '../../../core/bytes/cursor.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';
import {
  type FetchResponsePartitionDataHead,
  readFetchResponseFetchableTopicResponseHead,
  readFetchResponseFetchableTopicResponseTail,
  readFetchResponseHead,
  readFetchResponsePartitionDataHead,
  readFetchResponsePartitionDataTail,
  readFetchResponseTail,
} from '../wire/generated/fetch.ts';
import { batchOffset, lengthEnd } from '../wire/record-batch.ts';
import type { FrameContext } from './context.ts';
import type { ResponseScan } from './enforcement.ts';
import { denied } from './errors.ts';
import { byIdFrom, type FetchPending } from './fetch-request.ts';
import { settleSession } from './fetch-session.ts';

/** What stands around the records of one partition may be this large; more is no answer of a broker. */
const largestPart = 8 << 20;
const controlBit = 0x20;
/** A tag that no version of the response defines, in one byte. */
const unusedTag = 0x7f;

type Part = 'head' | 'topic' | 'partition' | 'records' | 'partitionTail' | 'topicTail' | 'tail' | 'done';

export interface FetchStreamOptions {
  readonly version: number;
  readonly bodyLength: number;
  /** Gives the name of a topic whose records the client may have as they are; undefined ends the walk with an error. */
  readonly mayRead: (topic: string, topicId: string) => string | undefined;
  /** Told before any topic. */
  readonly onHead: (errorCode: number, sessionId: number) => void;
}

/**
 * Walks the body of a Fetch response while it arrives, and says how much of it may go on to the client: everything
 * that was understood and belongs to a topic that may be read. Record bytes are stepped over, batch header by batch
 * header, so nothing grows with the response. What is recorded about it gathers in `topics`.
 */
export class FetchStream implements ResponseScan {
  readonly topics: TopicEntry[] = [];
  /** The broker named new leaders by their real addresses: they were made unreadable, which a client overlooks. */
  hidEndpoints = false;
  readonly #version: number;
  readonly #bodyLength: number;
  readonly #mayRead: FetchStreamOptions['mayRead'];
  readonly #onHead: FetchStreamOptions['onHead'];
  #part: Part = 'head';
  #scanned = 0;
  #topicsLeft = 0;
  #partitionsLeft = 0;
  #recordsLeft = 0;
  #batchLeft = 0;
  #name = '';
  #stranger = false;
  #partition: FetchResponsePartitionDataHead | undefined;
  #summary = { records: 0, first: [0, 0], last: [0, 0, 0], any: false };

  constructor({ version, bodyLength, mayRead, onHead }: FetchStreamOptions) {
    this.#version = version;
    this.#bodyLength = bodyLength;
    this.#mayRead = mayRead;
    this.#onHead = onHead;
  }

  get done(): boolean {
    return this.#part === 'done';
  }

  record(context: FrameContext): void {
    if (this.topics.length === 0) return;
    const bytes = this.topics.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0);
    context.events.push({ kind: 'fetch_done', topics: this.topics, bytes });
  }

  /**
   * Reads on in `view`, which begins where the last call ended and holds no byte behind the body. Returns how many
   * bytes were understood; the others have to be offered again, with more behind them.
   */
  scan(view: Buffer): number {
    let at = 0;
    while (!this.done) {
      const next = this.#part === 'records' ? this.#skipRecords(view, at) : this.#readPart(view, at);
      if (next === undefined) break;
      at = next;
    }
    this.#scanned += at;
    const left = this.#bodyLength - this.#scanned;
    if (this.done && left > 0) throw new ProtocolError('BadFrame', `${left} bytes are left over after the last field`);
    if (!this.done && view.length - at >= left) throw new ProtocolError('BadFrame', 'the answer ends within a field');
    return at;
  }

  /** Offset behind the part at `at`, or undefined when not all of it is there yet. */
  #readPart(view: Buffer, at: number): number | undefined {
    const whole = this.#scanned + view.length >= this.#bodyLength;
    if (at === view.length && !whole) return undefined; // as after most records: much cheaper than an error
    const cursor = new Cursor(view, at);
    try {
      this.#take(cursor, view, at);
      return cursor.position;
    } catch (error) {
      const hopeless = whole || this.#stranger || view.length - at > largestPart;
      if (!(error instanceof ProtocolError) || hopeless) throw error;
      return undefined;
    }
  }

  #take(c: Cursor, view: Buffer, at: number): void {
    const v = this.#version;
    switch (this.#part) {
      case 'head': {
        const { errorCode, sessionId, responsesLength } = readFetchResponseHead(c, v);
        this.#topicsLeft = known(responsesLength);
        this.#onHead(errorCode, sessionId);
        this.#part = this.#topicsLeft > 0 ? 'topic' : 'tail';
        return;
      }
      case 'topic': {
        const { topic, topicId, partitionsLength } = readFetchResponseFetchableTopicResponseHead(c, v);
        this.#partitionsLeft = known(partitionsLength);
        const name = this.#mayRead(topic, topicId);
        if (name === undefined) {
          this.#stranger = true;
          throw new ProtocolError('BadFrame', 'the broker answered with a topic that may not be read');
        }
        this.#name = name;
        this.#topicsLeft--;
        this.#part = this.#partitionsLeft > 0 ? 'partition' : 'topicTail';
        return;
      }
      case 'partition': {
        const partition = readFetchResponsePartitionDataHead(c, v);
        this.#partition = partition;
        this.#partitionsLeft--;
        this.#recordsLeft = Math.max(0, partition.recordsLength);
        this.#batchLeft = 0;
        this.#summary = { records: 0, first: [0, 0], last: [0, 0, 0], any: false };
        this.#part = 'records';
        return;
      }
      case 'partitionTail':
        readFetchResponsePartitionDataTail(c, v);
        this.#note();
        this.#part = this.#partitionsLeft > 0 ? 'partition' : 'topicTail';
        return;
      case 'topicTail':
        readFetchResponseFetchableTopicResponseTail(c, v);
        this.#part = this.#topicsLeft > 0 ? 'topic' : 'tail';
        return;
      default: {
        const { nodeEndpoints, unknownTags } = readFetchResponseTail(c, v);
        if (nodeEndpoints.length > 0) this.#hide(view, at, c.position, unknownTags !== undefined);
        this.#part = 'done';
      }
    }
  }

  /** The only tag of the response: its number becomes one that nobody knows, its value zeros. */
  #hide(view: Buffer, start: number, end: number, others: boolean): void {
    if (others) throw new ProtocolError('BadFrame', 'the response has tagged fields that nothing is known about');
    view[start + 1] = unusedTag;
    let value = start + 2;
    while (view[value]! >= 0x80) value++;
    view.fill(0, value + 1, end);
    this.hidEndpoints = true;
  }

  #skipRecords(view: Buffer, at: number): number | undefined {
    let position = at;
    while (this.#recordsLeft > 0) {
      if (this.#batchLeft === 0 && !this.#readBatchHeader(view, position))
        return position === at ? undefined : position;
      const step = Math.min(this.#batchLeft, view.length - position);
      if (step === 0) return position === at ? undefined : position;
      position += step;
      this.#batchLeft -= step;
      this.#recordsLeft -= step;
    }
    this.#part = 'partitionTail';
    return position;
  }

  /** False when the header is not all there yet. What is no whole batch of format 2 is stepped over unread. */
  #readBatchHeader(view: Buffer, at: number): boolean {
    const left = this.#recordsLeft;
    if (left < batchOffset.records) {
      this.#batchLeft = left;
      return true;
    }
    if (view.length - at < batchOffset.records) return false;
    const length = view.readInt32BE(at + batchOffset.length);
    const size = lengthEnd + length;
    this.#batchLeft = length <= 0 ? left : Math.min(size, left);
    if (length <= 0 || size > left || view[at + batchOffset.magic] !== 2) return true;
    const summary = this.#summary;
    const hi = view.readInt32BE(at);
    const lo = view.readUInt32BE(at + 4);
    if (!summary.any) summary.first = [hi, lo];
    summary.any = true;
    summary.last = [hi, lo, view.readInt32BE(at + batchOffset.lastOffsetDelta)];
    if ((view[at + batchOffset.attributes + 1]! & controlBit) === 0)
      summary.records += view.readInt32BE(at + batchOffset.count);
    return true;
  }

  begun(): readonly TopicEntry[] {
    const inside = this.#part === 'records' || this.#part === 'partitionTail';
    const came = inside ? Math.max(0, this.#partition!.recordsLength) - this.#recordsLeft : 0;
    return came > 0 ? [...this.topics, this.#entry(came)] : this.topics;
  }

  #note(): void {
    const { recordsLength } = this.#partition!;
    if (recordsLength > 0) this.topics.push(this.#entry(recordsLength)); // else nothing came, nothing is to be told
  }

  /** The partition that is read, of which so many bytes of records came. */
  #entry(bytes: number): TopicEntry {
    const { any, first, last, records } = this.#summary;
    return {
      topic: this.#name,
      partition: this.#partition!.partitionIndex,
      ...(any
        ? { firstOffset: offset(first[0]!, first[1]!, 0), lastOffset: offset(last[0]!, last[1]!, last[2]!) }
        : {}),
      records,
      bytes,
    };
  }
}

function known(length: number): number {
  if (length < 0) throw new ProtocolError('BadFrame', 'an array that may not be null is null');
  return length;
}

/** Fetch's StreamRule: every topic that was allowed for the request, as long as it still is. */
export function streamFetch(
  bodyLength: number,
  version: number,
  pending: FetchPending,
  context: FrameContext,
): ResponseScan | undefined {
  if (!pending.plain) return undefined;
  const byId = version >= byIdFrom;
  const mayRead = (topic: string, topicId: string): string | undefined => {
    const name = byId ? context.topicNames.nameOf(topicId) : topic;
    if (name === undefined) return undefined;
    const decision = context.decide('consume', 'topic', name, denied.topic);
    return decision.effect === 'allow' && !context.maskers(decision, 'consume') ? name : undefined;
  };
  const onHead = (errorCode: number, sessionId: number): void =>
    settleSession(pending, { errorCode, sessionId }, context.connection);
  return new FetchStream({ version, bodyLength, mayRead, onHead });
}

/** A 64-bit offset from its halves, in decimal. */
function offset(hi: number, lo: number, delta: number): bigint {
  const value = hi * 4_294_967_296 + lo + delta;
  return Number.isSafeInteger(value) ? BigInt(value) : (BigInt(hi) << 32n) + BigInt(lo) + BigInt(delta);
}
