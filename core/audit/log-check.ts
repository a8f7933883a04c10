import { isHash, leafHash, noLine, prevOf } from './chain.ts';
import { type Checkpoint, type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts';
import type { FindingCode, Findings } from './finding.ts';
import { MerkleTree } from './merkle-tree.ts';
import type { RawLine } from './read-lines.ts';
import { SessionBalance } from './session-balance.ts';
import type { NoteVerifier } from './signed-note.ts';

/** A signed statement about the log that does not stand in it: a note file, or a checkpoint kept elsewhere. */
export interface OutsideCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly at: string;
  /** For a note file: the first seq of the segment it lies beside. */
  readonly segment?: number;
}

/** The checks of one log, line by line, in memory that does not grow with the log. */
export class LogCheck {
  readonly sessions: SessionBalance;
  /** Workers that this log says have a log of their own, with the place of the first word of each. */
  readonly workers = new Map<string, string>();
  readonly #findings: Findings;
  readonly #keys: readonly NoteVerifier[];
  /** By size, smallest first. */
  readonly #outside: OutsideCheckpoint[];
  #tree = new MerkleTree();
  #prev: string | undefined = noLine;
  #expected = 0;
  /** False from a root that does not match until the next segment says a signed frontier again. */
  #rooted = true;
  #started = false;
  #sinceCheckpoint = 0;
  #origin: string | undefined;
  #checkpoints = 0;
  #lines = 0;
  #file = '';
  /** First seq of the segment whose first line comes next. */
  #firstSeq: number | undefined;
  #segmentSeq: number | undefined;

  constructor(findings: Findings, keys: readonly NoteVerifier[], outside: readonly OutsideCheckpoint[]) {
    this.#findings = findings;
    this.#keys = keys;
    this.#outside = [...outside].sort((a, b) => a.checkpoint.size - b.checkpoint.size);
    this.sessions = new SessionBalance(findings);
  }

  get lines(): number {
    return this.#lines;
  }
  /** Seq of the line that would come next. */
  get size(): number {
    return this.#expected;
  }
  get origin(): string | undefined {
    return this.#origin;
  }
  get checkpoints(): number {
    return this.#checkpoints;
  }
  /** Lines after the last checkpoint: nobody has signed them. */
  get unsigned(): number {
    return this.#sinceCheckpoint;
  }

  segment(file: string, firstSeq: number): void {
    this.#file = file;
    this.#firstSeq = firstSeq;
  }

  line(raw: RawLine): void {
    const at = `${this.#file}:${raw.number}`;
    const event = parseLine(raw.bytes);
    const prev = prevOf(raw.bytes);
    const startOf = this.#firstSeq;
    this.#firstSeq = undefined;
    if (startOf !== undefined) this.#segmentStart(event, startOf, at);
    if (!event || prev === undefined) {
      this.#findings.add('line-malformed', at, 'the line is not an event of this log');
    } else {
      if (this.#prev !== undefined && prev !== this.#prev) {
        this.#findings.add('chain-broken', at, 'the line before was changed, removed, or something was put between');
      }
      if (event['seq'] !== this.#expected) {
        this.#findings.add('seq-wrong', at, `line ${this.#expected} of the log was expected`);
        this.#rooted = false;
        if (Number.isSafeInteger(event['seq'])) this.#expected = Number(event['seq']);
      }
    }
    this.#compareOutside();
    this.#sinceCheckpoint++;
    if (event?.['kind'] === 'checkpoint') this.#checkpoint(event, at);
    else if (event) this.#event(event, at);
    this.#prev = leafHash(raw.bytes);
    this.#tree.add(this.#prev);
    this.#expected++;
    this.#lines++;
  }

  end(live: boolean, at: string): void {
    this.#compareOutside();
    for (const { checkpoint, at: where } of this.#outside) {
      this.#findings.add(
        'log-cut',
        where,
        `it was signed for ${checkpoint.size} lines, but the log has ${this.#expected}`,
      );
    }
    if (!live && this.#sinceCheckpoint > 0) {
      this.#findings.add('unsigned-tail', at, `no checkpoint covers the last ${this.#sinceCheckpoint} lines`);
    }
    if (!live && this.#lines > 0 && !this.sessions.stopped) {
      this.#findings.add('not-stopped', at, 'the log ends without a stop: it is still written, was killed, or was cut');
    }
    this.sessions.end();
  }

  /** Drops a checkpoint of a segment that is known to be missing. */
  forget(at: string): void {
    const index = this.#outside.findIndex((o) => o.at === at);
    if (index >= 0) this.#outside.splice(index, 1);
  }

  #event(event: Readonly<Record<string, unknown>>, at: string): void {
    this.sessions.event(String(event['kind']), event['sid'], at, event);
    const { kind, worker, state } = event as { kind?: unknown; worker?: unknown; state?: unknown };
    if (kind !== 'worker' || state !== 'started' || typeof worker !== 'string' || this.workers.has(worker)) return;
    this.workers.set(worker, at);
  }

  #segmentStart(event: Readonly<Record<string, unknown>> | undefined, firstSeq: number, at: string): void {
    const frontier = event?.['frontier'];
    const valid = event?.['kind'] === 'checkpoint' && Array.isArray(frontier) && frontier.every(isFrontierHash);
    if (!valid) this.#findings.add('segment-start', at, 'a segment starts with a checkpoint and its frontier');
    if (firstSeq < this.#expected) {
      this.#findings.add('segment-overlap', at, `the segment starts at line ${firstSeq}, which the log already has`);
    } else if (firstSeq > this.#expected) {
      const missing = `lines ${this.#expected} to ${firstSeq - 1} are not there`;
      if (this.#started) this.#findings.add('segment-missing', at, missing);
      else this.#findings.add('head-missing', at, `${missing}: older segments were moved or deleted`);
      this.#gap(firstSeq);
      this.sessions.headMissing = true;
      this.#expected = firstSeq;
      this.#prev = undefined;
      this.#rooted = false;
    }
    this.#segmentSeq = firstSeq;
    this.#started = true;
    if (!this.#rooted && valid) {
      try {
        this.#tree = new MerkleTree(firstSeq, frontier as string[]);
        this.#rooted = true; // the checkpoint on this line now has to match it
      } catch {
        this.#findings.add('segment-start', at, 'the frontier does not fit the size of the log');
      }
    }
  }

  /** Lines are missing up to `firstSeq`. A whole segment may be; a segment that its own note says was longer was cut. */
  #gap(firstSeq: number): void {
    this.#compareOutside();
    for (const { checkpoint, segment, at } of this.#outside) {
      if (this.#started && segment === this.#segmentSeq && checkpoint.size > this.#expected) {
        this.#findings.add('log-cut', at, `it was signed for ${checkpoint.size} lines, but the segment ends before`);
      }
    }
    this.#outside.splice(0, this.#outside.findLastIndex((o) => o.checkpoint.size < firstSeq) + 1);
  }

  #checkpoint(event: Readonly<Record<string, unknown>>, at: string): void {
    this.#checkpoints++;
    const opened = typeof event['note'] === 'string' ? openCheckpoint(event['note'], this.#keys) : malformed;
    if (opened.kind !== 'signed') {
      this.#findings.add(noteFinding(opened), at, noteMessage(opened));
      return;
    }
    const { origin, size, root } = opened.checkpoint;
    this.#origin ??= origin;
    if (origin !== this.#origin) {
      this.#findings.add('checkpoint-foreign-origin', at, 'the checkpoint is of another log');
    } else if (size !== this.#expected || event['size'] !== size) {
      this.#findings.add('checkpoint-malformed', at, 'the checkpoint does not stand where its size says');
    } else if (this.#matches(root, at)) {
      this.#sinceCheckpoint = 0;
    }
  }

  #compareOutside(): void {
    for (let next = this.#outside[0]; next && next.checkpoint.size <= this.#expected; next = this.#outside[0]) {
      this.#outside.shift();
      if (next.checkpoint.size === this.#expected) this.#matches(next.checkpoint.root, next.at);
    }
  }

  #matches(root: string, at: string): boolean {
    if (!this.#rooted) return false;
    if (root === this.#tree.root()) return true;
    this.#rooted = false;
    this.#findings.add('root-mismatch', at, 'the lines up to here are not the ones that were signed');
    return false;
  }
}

const malformed = { kind: 'malformed' } as const;

type Unopened = Exclude<OpenedCheckpoint, { kind: 'signed' }>;

/** The finding that an unusable note makes. */
export function noteFinding(opened: Unopened): FindingCode {
  switch (opened.kind) {
    case 'malformed':
      return 'checkpoint-malformed';
    case 'unknownKey':
      return 'checkpoint-unknown-key';
    case 'badSignature':
      return 'checkpoint-bad-signature';
    case 'foreignOrigin':
      return 'checkpoint-foreign-origin';
  }
}

/** The sentence for it. */
export function noteMessage(opened: Unopened): string {
  switch (opened.kind) {
    case 'malformed':
      return 'the checkpoint is not a signed note';
    case 'unknownKey':
      return 'no pinned key signed this checkpoint';
    case 'badSignature':
      return 'the signature of this checkpoint is wrong';
    case 'foreignOrigin':
      return 'the key that signed this checkpoint may not speak for this log';
  }
}

function parseLine(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function isFrontierHash(value: unknown): boolean {
  return typeof value === 'string' && isHash(value);
}
