import { compress } from '../../../core/bytes/compression.ts';
import { crc32c } from '../../../core/bytes/crc32c.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';
import type { RecordWalk } from './record.ts';
import { batchOffset, lengthEnd, type RecordBatch } from './record-batch.ts';

const headerSize = batchOffset.records;

/**
 * A blob of records put together again, in one buffer that grows: batches as they were, and batches around other
 * records, as many as before, at the same offsets. Every field of a header is kept but length and checksum.
 */
export class RecordsBuilder {
  #bytes: Buffer;
  #at = 0;
  #batch = 0;
  readonly #allocate: (bytes: number) => Buffer;

  /** `expected` is a guess of the size of all of it; `allocate` gives memory, perhaps more than was asked for. */
  constructor(expected: number, allocate: (bytes: number) => Buffer = Buffer.allocUnsafeSlow) {
    this.#allocate = allocate;
    this.#bytes = allocate(expected);
  }

  /** Batches, records, or parts of them, as they are. */
  copy(from: Uint8Array, start: number, end: number): void {
    if (start >= end) return;
    this.#room(end - start);
    this.#bytes.set(from.subarray(start, end), this.#at);
    this.#at += end - start;
  }

  /** Begins a batch, of which some `expected` bytes of records follow, uncompressed. */
  begin(expected: number): void {
    this.#room(headerSize + expected);
    this.#batch = this.#at;
    this.#at += headerSize;
  }

  /**
   * A record of `payload` with a value of `size` bytes, which `value` then writes into the place that it is given;
   * everything else in it stays.
   */
  record(payload: Uint8Array, record: RecordWalk, size: number, value: ValueWriter): void {
    const before = record.valueStart - record.bodyStart;
    const after = record.end - record.valueEnd;
    const length = before + varintSize(size) + size + after;
    this.#room(varintSize(length) + length);
    this.#varint(length);
    this.#short(payload, record.bodyStart, record.valueStart);
    this.#varint(size);
    value.copyTo(this.#bytes, this.#at);
    this.#at += size;
    this.#short(payload, record.valueEnd, record.end);
  }

  /** Ends the batch with the header of the old one in `records`, under the same codec. */
  end(records: Uint8Array, batch: RecordBatch): void {
    const { codec } = batch;
    if (codec === undefined) throw new ProtocolError('BadBatch', 'the batch names an unknown codec');
    const start = this.#batch;
    if (codec !== 'none') {
      const packed = compress(codec, this.#bytes.subarray(start + headerSize, this.#at));
      this.#at = start + headerSize;
      this.copy(packed, 0, packed.length);
    }
    const out = this.#bytes;
    out.set(records.subarray(batch.start, batch.start + headerSize), start);
    out.writeInt32BE(this.#at - start - lengthEnd, start + batchOffset.length);
    out.writeUInt32BE(crc32c(out, start + batchOffset.attributes, this.#at), start + batchOffset.crc);
  }

  /** All of it. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** What is around a value is short: a call into the runtime costs more than copying it. */
  #short(from: Uint8Array, start: number, end: number): void {
    if (end - start > 64) return this.copy(from, start, end);
    for (let i = start; i < end; i++) this.#bytes[this.#at++] = from[i]!;
  }

  #varint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = this.#allocate(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at), 0);
    this.#bytes = larger;
  }
}

/** Something that knows how to write itself. */
export interface ValueWriter {
  copyTo(target: Uint8Array, at: number): void;
}

function varintSize(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let size = 1;
  for (; rest >= 0x80; rest >>>= 7) size++;
  return size;
}
