import { type Codec, compress } from '../../../core/bytes/compression.ts';
import { crc32c } from '../../../core/bytes/crc32c.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';
import type { RecordWalk } from './record.ts';
import { batchOffset, lengthEnd, type RecordBatch } from './record-batch.ts';

const headerSize = batchOffset.records;

/** Where a blob of records lies while it is put together. */
export interface RecordsMemory {
  /** At least so many bytes, with whatever is in them. */
  take(bytes: number): Buffer;
  /** Nobody reads or writes it any more. */
  give(memory: Buffer): void;
}

const fresh: RecordsMemory = { take: (bytes) => Buffer.allocUnsafeSlow(bytes), give: () => {} };

/** A larger one is not kept for the next compressed batch. */
const largestUnpacked = 4 << 20;
/** Records of the compressed batch that is put together now: never more than one at a time, since nothing waits. */
let unpacked: Buffer = Buffer.alloc(0);

/**
 * A blob of records put together again, in one buffer that grows: batches as they were, and batches around other
 * records, as many as before, at the same offsets. Every field of a header is kept but length and checksum. Its size is
 * that of what is sent: records of a compressed batch are gathered elsewhere and packed into it.
 */
export class RecordsBuilder {
  readonly #memory: RecordsMemory;
  /** What is written to: the blob, or the records of a compressed batch. */
  #bytes: Buffer;
  #at = 0;
  /** The blob up to the batch, while its records are gathered elsewhere. */
  #blob: { readonly bytes: Buffer; readonly at: number } | undefined;
  #batch = 0;

  /** `expected` is a guess of the size of all of it. */
  constructor(expected: number, memory: RecordsMemory = fresh) {
    this.#memory = memory;
    this.#bytes = memory.take(expected);
  }

  /** Batches, records, or parts of them, as they are. */
  copy(from: Uint8Array, start: number, end: number): void {
    if (start >= end) return;
    this.#room(end - start);
    this.#bytes.set(from.subarray(start, end), this.#at);
    this.#at += end - start;
  }

  /** Begins a batch under a codec, of which some `expected` bytes of records follow, uncompressed. */
  begin(expected: number, codec: Codec | undefined): void {
    if (codec === 'none') {
      this.#room(headerSize + expected);
      this.#batch = this.#at;
      this.#at += headerSize;
      return;
    }
    this.#blob = { bytes: this.#bytes, at: this.#at };
    if (unpacked.length < expected) unpacked = Buffer.allocUnsafeSlow(expected);
    this.#bytes = unpacked;
    this.#at = 0;
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
    if (batch.codec === undefined) throw new ProtocolError('BadBatch', 'the batch names an unknown codec');
    if (this.#blob) this.#pack(batch.codec, this.#blob);
    const start = this.#batch;
    const out = this.#bytes;
    out.set(records.subarray(batch.start, batch.start + headerSize), start);
    out.writeInt32BE(this.#at - start - lengthEnd, start + batchOffset.length);
    out.writeUInt32BE(crc32c(out, start + batchOffset.attributes, this.#at), start + batchOffset.crc);
  }

  /** The gathered records, compressed, behind the room for their header in the blob. */
  #pack(codec: Codec, { bytes, at }: { readonly bytes: Buffer; readonly at: number }): void {
    const packed = compress(codec, this.#bytes.subarray(0, this.#at));
    unpacked = this.#bytes.length > largestUnpacked ? Buffer.alloc(0) : this.#bytes;
    this.#blob = undefined;
    this.#bytes = bytes;
    this.#at = at;
    this.#room(headerSize + packed.length);
    this.#batch = this.#at;
    this.#at += headerSize;
    this.copy(packed, 0, packed.length);
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
    const old = this.#bytes;
    if (needed <= old.length) return;
    const size = Math.max(needed, old.length * 2);
    this.#bytes = this.#blob ? Buffer.allocUnsafeSlow(size) : this.#memory.take(size);
    this.#bytes.set(old.subarray(0, this.#at), 0);
    if (!this.#blob) this.#memory.give(old);
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
