import type { AuditEvent, EventOrigin, FetchDoneEvent, ProduceDoneEvent, TopicEntry } from './event.ts';
import type { Instant } from './segment-writer.ts';

/** What was read or written, once it is over. */
type Transfer = FetchDoneEvent | ProduceDoneEvent;

/** An event, and when the last of what it stands for happened. */
export interface Gathered {
  readonly event: Transfer;
  readonly origin: EventOrigin | undefined;
  readonly at: Instant;
}

interface Gathering {
  event: Writable<Transfer>;
  readonly origin: EventOrigin;
  at: Instant;
  readonly from: number;
  requests: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Entry = Writable<TopicEntry>;

/** What comes to more partitions is not put together: each would be looked for among all the others. */
const mostEntries = 256;

/**
 * Reads and writes of one origin that follow each other become one event: offsets that go on where the last ones ended
 * are one range, so nothing is lost but the moment of each request. A producer of single records costs ten lines a
 * second like this, not ten thousand.
 */
export class Transfers {
  #open = new Map<EventOrigin, Gathering>();
  #closed: Gathering[] = [];

  /** Events that `take` would give. */
  get size(): number {
    return this.#open.size + this.#closed.length;
  }

  /** Takes a read or a write; false for any other event, which belongs behind what is gathered here. */
  add(event: AuditEvent, origin: EventOrigin | undefined, at: Instant): boolean {
    if (!origin || (event.kind !== 'produce_done' && event.kind !== 'fetch_done')) return false;
    const open = this.#open.get(origin);
    if (open && joins(open.event, event)) {
      if (open.requests === 1) open.event = { ...open.event, topics: open.event.topics.map((entry) => ({ ...entry })) };
      join(open.event, event);
      open.requests++;
      open.at = at;
      return true;
    }
    if (open) this.#closed.push(open);
    this.#open.set(origin, { event, origin, at, from: at.now, requests: 1 });
    return true;
  }

  /** All that was gathered, in the order of time. */
  take(): Gathered[] {
    const all = [...this.#closed, ...this.#open.values()].sort((a, b) => a.at.mono - b.at.mono);
    this.#closed = [];
    this.#open = new Map();
    return all.map(({ event, origin, at, from, requests }) => {
      if (requests === 1) return { event, origin, at };
      return { event: { ...event, corr: undefined, latency: undefined, requests, from }, origin, at };
    });
  }
}

function joins(open: Transfer, next: Transfer): boolean {
  if (open.kind !== next.kind || open.topics.length + next.topics.length > mostEntries) return false;
  if (open.kind === 'fetch_done' || next.kind === 'fetch_done') return true;
  return open.acks === next.acks && open.transactionalId === next.transactionalId;
}

function join(open: Writable<Transfer>, next: Transfer): void {
  const topics = open.topics as Entry[];
  for (const [i, entry] of next.topics.entries()) {
    const last = follows(topics[i], entry) ? topics[i] : topics.findLast((one) => follows(one, entry));
    if (!last) {
      topics.push({ ...entry });
      continue;
    }
    last.lastOffset = entry.lastOffset;
    last.records = (last.records ?? 0) + (entry.records ?? 0);
    last.bytes = (last.bytes ?? 0) + (entry.bytes ?? 0);
  }
  if (next.bytes !== undefined) open.bytes = (open.bytes ?? 0) + next.bytes;
}

/** Whether an entry goes on where another one ended. What was masked or refused stands for itself. */
function follows(last: TopicEntry | undefined, next: TopicEntry): last is Entry {
  return (
    last !== undefined &&
    last.partition === next.partition &&
    last.topic === next.topic &&
    last.lastOffset !== undefined &&
    next.firstOffset !== undefined &&
    next.firstOffset === last.lastOffset + 1n &&
    !last.masks &&
    !next.masks &&
    last.error === undefined &&
    next.error === undefined
  );
}
