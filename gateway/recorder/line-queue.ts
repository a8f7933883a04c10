import type { SluiceError } from '../../core/errors/sluice-error.ts';

/** Called once: without an error when the event is on the disk. */
export type Durable = (error: SluiceError | undefined) => void;

/** Lines that go into one segment in one write. */
export interface Chunk {
  /** Name of the segment that starts with this chunk's first line; undefined when the chunk goes on in the last one. */
  readonly starts: string | undefined;
  /** Note over all lines before this segment. */
  readonly startNote: string | undefined;
  readonly lines: string[];
  bytes: number;
  readonly waiters: Durable[];
  /** The newest checkpoint among its lines. */
  note: string | undefined;
}

export interface QueueLimits {
  readonly events: number;
  readonly bytes: number;
}

/**
 * Lines on their way to the disk. It takes whatever it is given, since an event that happened is not to be lost; being
 * full is said to those who make new ones happen.
 */
export class LineQueue {
  readonly #limits: QueueLimits;
  readonly #onFull: () => void;
  readonly #onDrain: () => void;
  readonly #chunks: Chunk[] = [];
  #events = 0;
  #bytes = 0;
  #full = false;

  constructor(limits: QueueLimits, onFull: () => void, onDrain: () => void) {
    this.#limits = limits;
    this.#onFull = onFull;
    this.#onDrain = onDrain;
  }

  /** Lines that are not on the disk yet. */
  get events(): number {
    return this.#events;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** From the limit on, until half of it is free again. */
  get full(): boolean {
    return this.#full;
  }
  get first(): Chunk | undefined {
    return this.#chunks[0];
  }

  /** Somebody waits, a segment starts, a checkpoint is among the lines, or the queue is full. */
  get pressing(): boolean {
    return (
      this.#full ||
      this.#chunks.some((chunk) => chunk.waiters.length > 0 || chunk.note !== undefined || chunk.starts !== undefined)
    );
  }

  startSegment(name: string, line: string, note: string): void {
    this.#chunks.push({ starts: name, startNote: note, lines: [], bytes: 0, waiters: [], note });
    this.add(line, undefined);
  }

  add(line: string, waiter: Durable | undefined, note?: string): void {
    const chunk = this.#open();
    const bytes = Buffer.byteLength(line);
    chunk.lines.push(line);
    chunk.bytes += bytes;
    if (waiter) chunk.waiters.push(waiter);
    if (note !== undefined) chunk.note = note;
    this.#events++;
    this.#bytes += bytes;
    if (!this.#full && (this.#events >= this.#limits.events || this.#bytes >= this.#limits.bytes)) {
      this.#full = true;
      this.#onFull();
    }
  }

  /** The first chunk is being written: later lines go into the next one. */
  seal(): Chunk | undefined {
    const chunk = this.#chunks[0];
    if (chunk && this.#chunks.length === 1) this.#chunks.push(emptyChunk());
    return chunk;
  }

  /** The first chunk is on the disk. */
  done(): void {
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#events -= chunk.lines.length;
      this.#bytes -= chunk.bytes;
    }
    if (this.#chunks.length === 1 && this.#chunks[0]?.lines.length === 0) this.#chunks.pop();
    if (this.#full && this.#events <= this.#limits.events / 2 && this.#bytes <= this.#limits.bytes / 2) {
      this.#full = false;
      this.#onDrain();
    }
  }

  /** Takes out everybody who waits, leaving the lines. */
  takeWaiters(): Durable[] {
    return this.#chunks.flatMap((chunk) => chunk.waiters.splice(0));
  }

  #open(): Chunk {
    let chunk = this.#chunks.at(-1);
    if (!chunk) {
      chunk = emptyChunk();
      this.#chunks.push(chunk);
    }
    return chunk;
  }
}

function emptyChunk(): Chunk {
  return { starts: undefined, startNote: undefined, lines: [], bytes: 0, waiters: [], note: undefined };
}
