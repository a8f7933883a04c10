import { asBuffer } from '../../../core/bytes/cursor.ts';
import { batchOffset, lengthEnd } from '../wire/record-batch.ts';

/** What a partition's records come to, read from batch headers alone. */
export interface BatchSummary {
  readonly records: number;
  readonly firstOffset: bigint | undefined;
  readonly lastOffset: bigint | undefined;
  /** Producer of the first transactional batch. */
  readonly transaction: ProducerEpoch | undefined;
}

/** A producer as its batches name it; the epoch goes up when the producer is fenced or, in TV2, with each transaction. */
export interface ProducerEpoch {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

const transactionalBit = 0x10;
const controlBit = 0x20;
const nothing: BatchSummary = { records: 0, firstOffset: undefined, lastOffset: undefined, transaction: undefined };

/**
 * Of the batches of format 2 alone. A partial batch at the end, as a fetch may have, is left out; control batches count
 * no records. It is made for every request, so it reads only what it needs.
 */
export function summarizeBatches(blob: Uint8Array | null): BatchSummary {
  if (blob === null) return nothing;
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
  if (first < 0) return nothing;
  const lastOffset = offsetAt(bytes, last) + BigInt(bytes.readInt32BE(last + batchOffset.lastOffsetDelta));
  return { records, firstOffset: offsetAt(bytes, first), lastOffset, transaction };
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
