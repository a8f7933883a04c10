import { readLines } from './read-lines.ts';
import { findLogs } from './recording-folder.ts';

/** One event of a session as it stands in the log. */
export interface TimelineEntry {
  readonly seq: number;
  /** RFC 3339. */
  readonly ts: string;
  readonly kind: string;
  readonly event: Readonly<Record<string, unknown>>;
  /** `file:line`. */
  readonly at: string;
}

export interface Replay {
  readonly sid: string;
  readonly principal: string | undefined;
  readonly grant: string | undefined;
  /** RFC 3339; undefined when the recording does not have that end of the session. */
  readonly opened: string | undefined;
  readonly closed: string | undefined;
  readonly closeReason: string | undefined;
  readonly totals: {
    readonly fetchedRecords: number;
    readonly fetchedBytes: number;
    readonly producedRecords: number;
    readonly producedBytes: number;
    readonly masked: number;
    readonly denied: number;
  };
  readonly timeline: readonly TimelineEntry[];
  /** Entries beyond the limit, which are counted in the totals but not listed. */
  readonly moreEntries: number;
}

/**
 * What one session did, in the order of the log. Undefined when no line names the session. It shows what the lines
 * say and does not check them: that is verifyRecording's.
 */
export function replaySession(folder: string, sid: string, limit = 100_000): Replay | undefined {
  const reader = new SessionReader(sid, limit);
  const needle = Buffer.from(`"sid":${JSON.stringify(sid)}`);
  for (const log of findLogs(folder)) {
    for (const segment of log.segments) {
      for (const line of readLines(segment.path)) {
        const bytes = Buffer.from(line.bytes.buffer, line.bytes.byteOffset, line.bytes.length);
        if (line.ended && bytes.includes(needle)) reader.line(bytes, `${segment.path}:${line.number}`);
      }
    }
  }
  return reader.result();
}

class SessionReader {
  readonly #sid: string;
  readonly #limit: number;
  readonly #timeline: TimelineEntry[] = [];
  readonly #totals = {
    fetchedRecords: 0,
    fetchedBytes: 0,
    producedRecords: 0,
    producedBytes: 0,
    masked: 0,
    denied: 0,
  };
  #more = 0;
  #principal: string | undefined;
  #grant: string | undefined;
  #opened: string | undefined;
  #closed: string | undefined;
  #closeReason: string | undefined;

  constructor(sid: string, limit: number) {
    this.#sid = sid;
    this.#limit = limit;
  }

  line(bytes: Buffer, at: string): void {
    const event = parse(bytes);
    if (event?.['sid'] !== this.#sid) return;
    const kind = String(event['kind']);
    const ts = String(event['ts']);
    this.#principal ??= text(event['principal']);
    this.#grant ??= text(event['grant']);
    if (kind === 'session_open') this.#opened ??= ts;
    if (kind === 'session_close') {
      this.#closed = ts;
      this.#closeReason = text(event['reason']);
    }
    this.#count(kind, event);
    if (this.#timeline.length < this.#limit) this.#timeline.push({ seq: number(event['seq']), ts, kind, event, at });
    else this.#more++;
  }

  result(): Replay | undefined {
    if (this.#timeline.length === 0) return undefined;
    return {
      sid: this.#sid,
      principal: this.#principal,
      grant: this.#grant,
      opened: this.#opened,
      closed: this.#closed,
      closeReason: this.#closeReason,
      totals: this.#totals,
      timeline: this.#timeline,
      moreEntries: this.#more,
    };
  }

  #count(kind: string, event: Readonly<Record<string, unknown>>): void {
    if (kind === 'deny') this.#totals.denied++;
    if (kind === 'summary' && event['of'] === 'deny') this.#totals.denied += number(event['count']);
    const topics = list(event['topics']);
    const records = sum(topics, 'records');
    if (kind === 'fetch_done' || kind === 'fetch_cut') {
      this.#totals.fetchedRecords += records;
      this.#totals.fetchedBytes += number(event['bytes']);
    }
    // An intent says what was sent; an outcome says which of it the broker took, and, without an intent, what was sent.
    if (kind === 'produce_intent' || kind === 'produce_done') {
      this.#totals.producedRecords += records;
      this.#totals.producedBytes += number(event['bytes']);
    }
    for (const topic of topics) for (const mask of list(topic['masks'])) this.#totals.masked += number(mask['count']);
  }
}

function parse(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(bytes.toString()) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function list(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter((v) => typeof v === 'object' && v !== null) : [];
}

function sum(entries: readonly Readonly<Record<string, unknown>>[], field: string): number {
  return entries.reduce((total, entry) => total + number(entry[field]), 0);
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
