/**
 * Record batches: where they begin and end in a blob of records, and what their headers say.
 *
 *   batch v2 = baseOffset:8 length:4 leaderEpoch:4 magic:1 crc:4 attributes:2 lastOffsetDelta:4 baseTimestamp:8
 *              maxTimestamp:8 producerId:8 producerEpoch:2 baseSequence:4 count:4 records
 *   attributes = codec:3 bits, logAppendTime:4th, transactional:5th, control:6th, deleteHorizon:7th
 *
 * `length` counts what follows it. The CRC-32C covers everything from the attributes on. In formats 0 and 1 the magic
 * byte is at the same place.
 */
import { type Codec, codecs, decompress } from '../../../core/bytes/compression.ts';
import { crc32c } from '../../../core/bytes/crc32c.ts';
import { asBuffer } from '../../../core/bytes/cursor.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';

/** Offsets of the header's fields, from the start of the batch. */
export const batchOffset = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
  records: 61,
} as const;

/** Offset of the first byte that a batch's length counts. */
export const lengthEnd = batchOffset.length + 4;
const codecBits = 0x07;

/** A batch of format 2 that lies wholly in the blob. `start` and `end` are offsets into it. */
export interface RecordBatch {
  readonly kind: 'batch';
  readonly start: number;
  readonly end: number;
  readonly baseOffset: bigint;
  readonly lastOffsetDelta: number;
  /** Records that the header announces; not checked here. */
  readonly count: number;
  readonly attributes: number;
  /** Undefined where the bits name none: such a batch can be passed on or refused, not read. */
  readonly codec: Codec | undefined;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** What is no whole batch of format 2. `partial` and `garbage` reach to the end of the blob. */
export interface OtherBytes {
  readonly kind: 'legacy' | 'partial' | 'garbage';
  readonly start: number;
  readonly end: number;
}

/** Everything in a blob of records, in order, without gaps. Never throws. */
export function walkBatches(records: Uint8Array): (RecordBatch | OtherBytes)[] {
  return [...iterateBatches(records)];
}

/** The same, one at a time: a blob of tiny batches would need many times its size as objects. */
export function* iterateBatches(records: Uint8Array): Generator<RecordBatch | OtherBytes, void, undefined> {
  const bytes = asBuffer(records);
  let start = 0;
  while (start < bytes.length) {
    const next = readBatch(bytes, start);
    yield next;
    start = next.end;
  }
}

/** Whether the checksum in the header is that of the batch's bytes. */
export function crcMatches(records: Uint8Array, batch: RecordBatch): boolean {
  const bytes = asBuffer(records);
  const sum = crc32c(bytes, batch.start + batchOffset.attributes, batch.end);
  return bytes.readUInt32BE(batch.start + batchOffset.crc) === sum;
}

/** The records of a batch, decompressed: at most `cap` bytes, else ProtocolError('OutputCap'). */
export function batchPayload(records: Uint8Array, batch: RecordBatch, cap: number): Uint8Array {
  if (batch.codec === undefined) throw new ProtocolError('BadBatch', 'the batch names an unknown codec');
  return decompress(batch.codec, asBuffer(records).subarray(batch.start + batchOffset.records, batch.end), cap);
}

function readBatch(bytes: Buffer, start: number): RecordBatch | OtherBytes {
  const left = bytes.length - start;
  if (left <= batchOffset.magic) return { kind: 'partial', start, end: bytes.length };
  const magic = bytes[start + batchOffset.magic]!;
  const size = lengthEnd + bytes.readInt32BE(start + batchOffset.length);
  const least = magic === 2 ? batchOffset.records : batchOffset.magic + 1;
  if (magic > 2 || size < least) return { kind: 'garbage', start, end: bytes.length };
  if (size > left) return { kind: 'partial', start, end: bytes.length };
  const end = start + size;
  if (magic < 2) return { kind: 'legacy', start, end };
  const attributes = bytes.readInt16BE(start + batchOffset.attributes);
  return {
    kind: 'batch',
    start,
    end,
    baseOffset: bytes.readBigInt64BE(start + batchOffset.baseOffset),
    lastOffsetDelta: bytes.readInt32BE(start + batchOffset.lastOffsetDelta),
    count: bytes.readInt32BE(start + batchOffset.count),
    attributes,
    codec: codecs[attributes & codecBits],
    transactional: (attributes & 0x10) !== 0,
    control: (attributes & 0x20) !== 0,
    producerId: bytes.readBigInt64BE(start + batchOffset.producerId),
    producerEpoch: bytes.readInt16BE(start + batchOffset.producerEpoch),
    baseSequence: bytes.readInt32BE(start + batchOffset.baseSequence),
  };
}
