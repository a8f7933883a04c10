import { iterateBatches } from '../wire/record-batch.ts';

/** What a partition's records come to, read from batch headers alone. */
export interface BatchSummary {
  readonly records: number;
  readonly firstOffset: bigint | undefined;
  readonly lastOffset: bigint | undefined;
}

/** A partial batch at the end, as a fetch may have, is left out; control batches count no records. */
export function summarizeBatches(blob: Uint8Array | null): BatchSummary {
  let records = 0;
  let firstOffset: bigint | undefined;
  let lastOffset: bigint | undefined;
  for (const batch of blob === null ? [] : iterateBatches(blob)) {
    if (batch.kind !== 'batch') continue;
    firstOffset ??= batch.baseOffset;
    lastOffset = batch.baseOffset + BigInt(batch.lastOffsetDelta);
    if (!batch.control) records += batch.count;
  }
  return { records, firstOffset, lastOffset };
}
