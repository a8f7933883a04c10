import { ProtocolError } from '../../../core/errors/sluice-error.ts';
import type { MaskTally } from '../../../core/mask/mask-tally.ts';
import type { Masker } from '../../../core/mask/masker.ts';
import type { MaskCount } from '../../../core/model/mask-count.ts';
import { BatchBuilder } from '../wire/batch-builder.ts';
import { iterateRecords } from '../wire/record.ts';
import { batchPayload, crcMatches, iterateBatches, type RecordBatch } from '../wire/record-batch.ts';

/** Most bytes that one batch may decompress to, and all batches of a partition together. */
const batchCap = 64 << 20;
const partitionCap = 256 << 20;

export type MaskedRecords =
  | { readonly kind: 'unchanged'; readonly counts: readonly MaskCount[] }
  | { readonly kind: 'masked'; readonly records: Uint8Array; readonly counts: readonly MaskCount[] }
  /** Some value cannot be masked and may not pass: the whole partition is refused. `code` never tells data. */
  | { readonly kind: 'unmaskable'; readonly code: string; readonly counts: readonly MaskCount[] };

/**
 * Masks the values in a partition's records. Batches in which nothing changes keep their bytes; others are rebuilt with
 * the same header (offsets, timestamps, producer, sequence, codec). Control batches pass. A partial batch at the end of
 * a fetch is left out, since it would be plain text; on produce it is refused. Old formats and damage are refused.
 */
export function maskRecords(records: Uint8Array | null, masker: Masker, on: 'consume' | 'produce'): MaskedRecords {
  if (records === null || records.length === 0) return { kind: 'unchanged', counts: [] };
  const parts: Uint8Array[] = [];
  const tally = masker.tally();
  let left = partitionCap;
  let changed = false;
  for (const batch of iterateBatches(records)) {
    if (batch.kind === 'partial' && on === 'consume') {
      changed = true;
      continue;
    }
    if (batch.kind !== 'batch') return { kind: 'unmaskable', code: batch.kind, counts: tally.counts };
    const original = records.subarray(batch.start, batch.end);
    if (batch.control) {
      if (on === 'produce') return { kind: 'unmaskable', code: 'control', counts: tally.counts };
      parts.push(original);
      continue;
    }
    // A batch that is damaged must not be signed anew.
    if (!crcMatches(records, batch)) return { kind: 'unmaskable', code: 'crc', counts: tally.counts };
    const masked = maskBatch(records, batch, masker, Math.min(batchCap, left), tally);
    if ('refused' in masked) return { kind: 'unmaskable', code: masked.refused, counts: tally.counts };
    left -= masked.size;
    if (masked.batch) changed = true;
    parts.push(masked.batch ?? original);
  }
  if (!changed) return { kind: 'unchanged', counts: tally.counts };
  return { kind: 'masked', records: parts.length === 1 ? parts[0]! : Buffer.concat(parts), counts: tally.counts };
}

/** The rebuilt batch (undefined when nothing in it changes) and its decompressed size, or what cannot be masked. */
function maskBatch(
  records: Uint8Array,
  batch: RecordBatch,
  masker: Masker,
  cap: number,
  tally: MaskTally,
): { readonly batch: Uint8Array | undefined; readonly size: number } | { readonly refused: string } {
  let builder: BatchBuilder | undefined;
  try {
    const payload = batchPayload(records, batch, cap);
    let copied = 0; // bytes of the payload that the builder already has
    for (const place of iterateRecords(payload, batch.count)) {
      const { data } = place.value;
      if (!data) continue; // a tombstone hides nothing
      const result = masker.mask(payload.subarray(data.start, data.end));
      if (result.kind === 'unmaskable') return { refused: result.code };
      if (result.kind === 'unchanged') continue;
      result.count(tally);
      builder ??= new BatchBuilder(payload.length + (payload.length >> 4) + 256);
      builder.copy(payload, copied, place.start);
      builder.record(payload, place, result.size, result);
      copied = place.end;
    }
    builder?.copy(payload, copied, payload.length);
    return { batch: builder?.finish(records, batch), size: payload.length };
  } catch (error) {
    if (error instanceof ProtocolError) return { refused: error.code };
    throw error;
  }
}
