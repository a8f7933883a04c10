import { asBuffer } from '../../../core/bytes/cursor.ts';
import { batchOffset, lengthEnd } from '../wire/record-batch.ts';

/** What a partition's batches come to, read from their headers alone. */
export interface BatchCount {
  readonly records: number;
  /** Where the first and the last batch begin; -1 where there is none. */
  readonly first: number;
  readonly last: number;
  /** Producer of the first transactional batch. */
  readonly transaction: ProducerEpoch | undefined;
}

/** The same of what was read: with the offsets, which the batches of a producer do not have yet. */
export interface BatchSummary {
  readonly records: number;
  readonly firstOffset: bigint | undefined;
  readonly lastOffset: bigint | undefined;
}

/** A producer as its batches name it; the epoch goes up when the producer is fenced or, in TV2, with each transaction. */
export interface ProducerEpoch {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

const transactionalBit = 0x10;
const controlBit = 0x20;
const noBatch: BatchCount = { records: 0, first: -1, last: -1, transaction: undefined };
const nothing: BatchSummary = { records: 0, firstOffset: undefined, lastOffset: undefined };

/**
 * Of the batches of format 2 alone. A partial batch at the end, as a fetch may have, is left out; control batches count
 * no records. It is made for every request, so it reads only what it needs.
 */
export function countBatches(blob: Uint8Array | null): BatchCount {
  if (blob === null) return noBatch;
  const bytes = asBuffer(blob);
  let records = 0;
  let first = -1;
  let last = -1;
  let transaction: ProducerEpoch | undefined;
  for (let at = 0; at + batchOffset.magic < bytes.length; ) {
    const magic = bytes[at + batchOffset.magic]!;
    const size = lengthEnd + bytes.readInt32BE(at + batchOffset.length);
    const least = magic === 2 ? batchOffset.records : batchOffset.magic + 1;
    if (magic > 2 || size < least || at + size > bytes.length) break;
    if (magic === 2) {
      const attributes = bytes[at + batchOffset.attributes + 1]!;
      if (first < 0) first = at;
      last = at;
      if ((attributes & controlBit) === 0) records += bytes.readInt32BE(at + batchOffset.count);
      if ((attributes & transactionalBit) !== 0) transaction ??= producerOf(bytes, at);
    }
    at += size;
  }
  return { records, first, last, transaction };
}

/** As countBatches, with the offsets of the first and the last record. */
export function summarizeBatches(blob: Uint8Array | null): BatchSummary {
  const { records, first, last } = countBatches(blob);
  if (blob === null || first < 0) return nothing;
  const bytes = asBuffer(blob);
  const lastOffset = offsetAt(bytes, last) + BigInt(bytes.readInt32BE(last + batchOffset.lastOffsetDelta));
  return { records, firstOffset: offsetAt(bytes, first), lastOffset };
}

function offsetAt(bytes: Buffer, batch: number): bigint {
  return bytes.readBigInt64BE(batch + batchOffset.baseOffset);
}

function producerOf(bytes: Buffer, batch: number): ProducerEpoch {
  return {
    producerId: bytes.readBigInt64BE(batch + batchOffset.producerId),
    producerEpoch: bytes.readInt16BE(batch + batchOffset.producerEpoch),
  };
}
