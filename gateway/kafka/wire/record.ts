/**
 * The records inside a decompressed batch, by the places of their fields:
 *
 *   record  = length:varint attributes:int8 timestampDelta:varlong offsetDelta:varint key value headers
 *   key, value, header value = length:varint bytes      (-1: null)
 *   headers = count:varint (keyLength:varint key value)*
 *
 * Nothing is copied.
 */
import { Cursor } from '../../../core/bytes/cursor.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';

const smallestRecord = 7;

/**
 * The `count` records of a decompressed batch, one at a time, by offsets into the payload: `next` moves on. One object
 * for all of them, since a batch has thousands. Anything but exactly that many, each exactly as long as it says, is
 * ProtocolError('BadBatch'), at the latest from the `next` that returns false: a reader that stops elsewhere than ours
 * would see other records.
 */
export class RecordWalk {
  /** Where the record begins, with its length. */
  start = 0;
  end = 0;
  /** Where its attributes begin, right behind the length. */
  bodyStart = 0;
  offsetDelta = 0;
  keyStart = 0;
  /** Where the value's field begins, with its length. */
  valueStart = 0;
  /** Where the value itself begins; -1 for null. */
  valueAt = -1;
  valueEnd = 0;
  readonly #payload: Uint8Array;
  readonly #cursor: Cursor;
  #left: number;

  constructor(payload: Uint8Array, count: number) {
    if (count < 0 || count * smallestRecord > payload.length) throw bad(`${count} records are announced`);
    this.#payload = payload;
    this.#cursor = new Cursor(payload);
    this.#left = count;
  }

  /** False when all records were read, and nothing is behind them. */
  next(): boolean {
    try {
      if (this.#left === 0) {
        this.#cursor.finish();
        return false;
      }
      this.#left--;
      this.#read();
      return true;
    } catch (error) {
      // What does not parse inside a batch is the batch's fault, not the frame's.
      throw error instanceof ProtocolError && error.code === 'BadFrame' ? bad(error.message) : error;
    }
  }

  #read(): void {
    const c = this.#cursor;
    this.start = c.position;
    const length = c.varint();
    this.bodyStart = c.position;
    if (length < 0 || length > c.remaining) throw bad(`a record announces ${length} bytes`);
    this.end = this.bodyStart + length;
    c.skip(1);
    c.skipVarlong();
    this.offsetDelta = c.varint();
    this.keyStart = c.position;
    this.#field(c);
    this.valueStart = c.position;
    this.valueAt = this.#field(c);
    this.valueEnd = c.position;
    const headers = c.varint();
    if (headers < 0 || headers * 2 > c.remaining) throw bad(`${headers} headers are announced`);
    for (let i = 0; i < headers; i++) {
      if (this.#field(c) < 0) throw bad('a header has no key');
      this.#field(c);
    }
    if (c.position !== this.end) throw bad('a record is not as long as it announces');
  }

  /** Steps over a field; where its bytes begin, or -1 for null. None reaches beyond the record. */
  #field(c: Cursor): number {
    const length = c.varint();
    if (length === -1) return -1;
    const at = c.position;
    if (length < 0 || at + length > this.end) throw bad(`a field announces ${length} bytes`);
    c.skip(length);
    return at;
  }

  /** The value, undefined for null; a view of the payload. */
  value(): Uint8Array | undefined {
    return this.valueAt < 0 ? undefined : this.#payload.subarray(this.valueAt, this.valueEnd);
  }
}

function bad(why: string): ProtocolError {
  return new ProtocolError('BadBatch', `records: ${why}`);
}
