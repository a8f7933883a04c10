import { iterateBatches } from '../wire/record-batch.ts';

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

/** A partial batch at the end, as a fetch may have, is left out; control batches count no records. */
export function summarizeBatches(blob: Uint8Array | null): BatchSummary {
  let records = 0;
  let firstOffset: bigint | undefined;
  let lastOffset: bigint | undefined;
  let transaction: ProducerEpoch | undefined;
  for (const batch of blob === null ? [] : iterateBatches(blob)) {
    if (batch.kind !== 'batch') continue;
    firstOffset ??= batch.baseOffset;
    lastOffset = batch.baseOffset + BigInt(batch.lastOffsetDelta);
    if (!batch.control) records += batch.count;
    if (batch.transactional) {
      transaction ??= { producerId: batch.producerId, producerEpoch: batch.producerEpoch };
    }
  }
  return { records, firstOffset, lastOffset, transaction };
}
