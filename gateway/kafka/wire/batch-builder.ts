import { compress } from '../../../core/bytes/compression.ts';
import { crc32c } from '../../../core/bytes/crc32c.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';
import type { RecordPlace } from './record.ts';
import { batchOffset, lengthEnd, type RecordBatch } from './record-batch.ts';

const headerSize = batchOffset.records;

/**
 * A batch put together again around other records, in one buffer that grows: as many records as before, at the same
 * offsets. Every field of the header is kept but length and checksum.
 */
export class BatchBuilder {
  #bytes: Buffer;
  #at = headerSize;

  /** `expected` is a guess of the size of all records, uncompressed. */
  constructor(expected: number) {
    this.#bytes = Buffer.allocUnsafeSlow(headerSize + expected);
  }

  /** Records, or parts of them, as they are. */
  copy(from: Uint8Array, start: number, end: number): void {
    if (start >= end) return;
    this.#room(end - start);
    this.#bytes.set(from.subarray(start, end), this.#at);
    this.#at += end - start;
  }

  /**
   * A record of `payload` with a value of `size` bytes, which `value` then writes into the place that it is given;
   * everything else in it stays.
   */
  record(payload: Uint8Array, record: RecordPlace, size: number, value: ValueWriter): void {
    const before = record.value.start - record.bodyStart;
    const after = record.end - record.value.end;
    const length = before + varintSize(size) + size + after;
    this.#room(varintSize(length) + length);
    this.#varint(length);
    this.copy(payload, record.bodyStart, record.value.start);
    this.#varint(size);
    value.copyTo(this.#bytes, this.#at);
    this.#at += size;
    this.copy(payload, record.value.end, record.end);
  }

  /** The batch. `records` has the old one. */
  finish(records: Uint8Array, batch: RecordBatch): Buffer {
    const { codec } = batch;
    if (codec === undefined) throw new ProtocolError('BadBatch', 'the batch names an unknown codec');
    const out = codec === 'none' ? this.#bytes.subarray(0, this.#at) : this.#compressed(codec);
    out.set(records.subarray(batch.start, batch.start + headerSize), 0);
    out.writeInt32BE(out.length - lengthEnd, batchOffset.length);
    out.writeUInt32BE(crc32c(out, batchOffset.attributes), batchOffset.crc);
    return out;
  }

  #compressed(codec: NonNullable<RecordBatch['codec']>): Buffer {
    const packed = compress(codec, this.#bytes.subarray(headerSize, this.#at));
    const out = Buffer.allocUnsafeSlow(headerSize + packed.length);
    out.set(packed, headerSize);
    return out;
  }

  #varint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
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
