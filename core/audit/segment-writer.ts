import { chainLine, leafHash, noLine } from './chain.ts';
import { signCheckpoint } from './checkpoint.ts';
import type { AuditEvent, EventOrigin } from './event.ts';
import { eventText } from './event-line.ts';
import { MerkleTree } from './merkle-tree.ts';
import type { NoteSigner } from './signed-note.ts';

/**
 * The format of a log, without a file: which bytes come next. A log is a row of segments `<first seq, 20 digits>.ndjson`,
 * each with `<same>.note` beside it, the newest signed checkpoint. The first line of each segment is a checkpoint with
 * the frontier of the tree, so that a segment can be read, and the log be continued, without the segments before it.
 * `seq` counts lines from 0 through the whole log, so it is also the line's index in the tree.
 */
export const segmentSuffix = '.ndjson';
export const noteSuffix = '.note';
export const tornSuffix = '.torn';

/** A new segment is started at this many bytes, or when the segment is this old and not idle. */
export const segmentLimits = { bytes: 64 * 1024 * 1024, age: 5 * 60 * 1000 } as const;

/** Where a log goes on. */
export interface LogPosition {
  readonly nextSeq: number;
  /** Leaf hash of the last line. */
  readonly prev: string;
  readonly frontier: readonly string[];
}

export const emptyLog: LogPosition = { nextSeq: 0, prev: noLine, frontier: [] };

/** Wall and monotonic milliseconds of one event. */
export interface Instant {
  readonly now: number;
  readonly mono: number;
}

export interface SegmentStart {
  /** File name without its suffix. */
  readonly name: string;
  readonly line: string;
  readonly note: string;
}

export interface SegmentWriterOptions {
  /** Name of the gateway, and of its part, as lines show it. */
  readonly gw: string;
  readonly origin: string;
  readonly signer: NoteSigner;
  readonly position?: LogPosition;
  readonly limits?: { readonly bytes: number; readonly age: number };
}

export class SegmentWriter {
  readonly #gw: string;
  readonly #origin: string;
  readonly #signer: NoteSigner;
  readonly #limits: { readonly bytes: number; readonly age: number };
  readonly #tree: MerkleTree;
  #prev: string;
  #bytes = 0;
  #openedAt = 0;
  /** Lines of the segment that are not checkpoints. */
  #events = 0;
  #sinceCheckpoint = 0;

  constructor(options: SegmentWriterOptions) {
    const position = options.position ?? emptyLog;
    this.#gw = options.gw;
    this.#origin = options.origin;
    this.#signer = options.signer;
    this.#limits = options.limits ?? segmentLimits;
    this.#tree = new MerkleTree(position.nextSeq, position.frontier);
    this.#prev = position.prev;
  }

  get nextSeq(): number {
    return this.#tree.size;
  }

  /** True when lines were written since the last checkpoint. */
  get uncovered(): boolean {
    return this.#sinceCheckpoint > 0;
  }

  /** True when the next event should start a new segment. */
  full(at: Instant): boolean {
    return this.#bytes >= this.#limits.bytes || (this.#events > 0 && at.mono - this.#openedAt >= this.#limits.age);
  }

  /** Starts a segment with its first line. The note belongs to this segment and, as its last, to the one before. */
  open(at: Instant): SegmentStart {
    const name = segmentName(this.#tree.size);
    this.#bytes = 0;
    this.#events = 0;
    this.#openedAt = at.mono;
    return { name, ...this.#checkpoint(at, this.#tree.frontier) };
  }

  checkpoint(at: Instant): { readonly line: string; readonly note: string } {
    return this.#checkpoint(at, undefined);
  }

  /** The line of an event, newline included. `origin`: fields that it shares with others. */
  line(event: AuditEvent, at: Instant, origin?: EventOrigin): string {
    this.#events++;
    this.#sinceCheckpoint++;
    return this.#line(event, at, origin);
  }

  #checkpoint(at: Instant, frontier: readonly string[] | undefined): { readonly line: string; readonly note: string } {
    const size = this.#tree.size;
    const note = signCheckpoint({ origin: this.#origin, size, root: this.#tree.root() }, this.#signer);
    const line = this.#line({ kind: 'checkpoint', size, note, frontier }, at);
    this.#sinceCheckpoint = 0;
    return { line, note };
  }

  #line(event: AuditEvent, at: Instant, origin?: EventOrigin): string {
    const text = eventText(event, { seq: this.#tree.size, now: at.now, mono: at.mono, gw: this.#gw }, origin);
    const line = chainLine(text, this.#prev);
    this.#prev = leafHash(line);
    this.#tree.add(this.#prev);
    this.#bytes += Buffer.byteLength(line) + 1;
    return `${line}\n`;
  }
}

/** File name, without suffix, of the segment whose first line has this seq. */
export function segmentName(firstSeq: number): string {
  return String(firstSeq).padStart(20, '0');
}

/** The first seq that a segment's or note's file name says; undefined for any other file. */
export function parseSegmentName(file: string, suffix: string): number | undefined {
  if (!file.endsWith(suffix)) return undefined;
  const digits = file.slice(0, -suffix.length);
  const seq = Number(digits);
  return digits.length === 20 && Number.isSafeInteger(seq) && segmentName(seq) === digits ? seq : undefined;
}
