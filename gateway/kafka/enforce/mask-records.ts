import { Writer } from '../../../core/bytes/writer.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';
import type { Masker } from '../../../core/mask/masker.ts';
import type { MaskCount } from '../../../core/model/mask-count.ts';
import { type RecordPlace, readRecords, writeRecord } from '../wire/record.ts';
import { batchPayload, crcMatches, type RecordBatch, rebuildBatch, walkBatches } from '../wire/record-batch.ts';

/** Most bytes that one batch may decompress to. */
const payloadCap = 64 << 20;

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
  const counts: MaskCount[] = [];
  let changed = false;
  for (const batch of walkBatches(records)) {
    if (batch.kind === 'partial' && on === 'consume') {
      changed = true;
      continue;
    }
    if (batch.kind !== 'batch') return { kind: 'unmaskable', code: batch.kind, counts };
    const original = records.subarray(batch.start, batch.end);
    if (batch.control) {
      if (on === 'produce') return { kind: 'unmaskable', code: 'control', counts };
      parts.push(original);
      continue;
    }
    if (on === 'produce' && !crcMatches(records, batch)) return { kind: 'unmaskable', code: 'crc', counts };
    const masked = maskBatch(records, batch, masker, counts);
    if (typeof masked === 'string') return { kind: 'unmaskable', code: masked, counts };
    if (masked) changed = true;
    parts.push(masked ?? original);
  }
  if (!changed) return { kind: 'unchanged', counts };
  return { kind: 'masked', records: parts.length === 1 ? parts[0]! : Buffer.concat(parts), counts: merge(counts) };
}

/** The rebuilt batch, undefined when nothing in it changes, or the code of what cannot be masked. */
function maskBatch(
  records: Uint8Array,
  batch: RecordBatch,
  masker: Masker,
  counts: MaskCount[],
): Uint8Array | undefined | string {
  let payload: Uint8Array;
  let places: readonly RecordPlace[];
  try {
    payload = batchPayload(records, batch, payloadCap);
    places = readRecords(payload, batch.count);
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  let writer: Writer | undefined;
  let copied = 0; // bytes of the payload that the writer already holds
  for (const place of places) {
    const { data } = place.value;
    if (!data) continue; // a tombstone hides nothing
    const result = masker.mask(payload.subarray(data.start, data.end));
    if (result.kind === 'unmaskable') return result.code;
    if (result.kind === 'unchanged') continue;
    counts.push(...result.counts);
    writer ??= new Writer(payload.length + 1024);
    writer.raw(payload.subarray(copied, place.start));
    writeRecord(writer, payload, place, { value: result.value });
    copied = place.end;
  }
  if (!writer) return undefined;
  writer.raw(payload.subarray(copied));
  return rebuildBatch(records, batch, writer.toBuffer(), batch.codec ?? 'none');
}

function merge(counts: readonly MaskCount[]): readonly MaskCount[] {
  const merged = new Map<string, { rule: string; action: MaskCount['action']; count: number }>();
  for (const { rule, action, count } of counts) {
    const key = `${rule} ${action}`;
    const entry = merged.get(key);
    if (entry) entry.count += count;
    else merged.set(key, { rule, action, count });
  }
  return [...merged.values()];
}
