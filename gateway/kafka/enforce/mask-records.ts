import { ProtocolError } from '../../../core/errors/sluice-error.ts';
import type { MaskTally } from '../../../core/mask/mask-tally.ts';
import type { Masker } from '../../../core/mask/masker.ts';
import type { MaskCount } from '../../../core/model/mask-count.ts';
import { RecordWalk } from '../wire/record.ts';
import { batchPayload, crcMatches, iterateBatches, type RecordBatch } from '../wire/record-batch.ts';
import { RecordsBuilder, type RecordsMemory } from '../wire/records-builder.ts';

/** Most bytes that one batch may decompress to. */
const batchCap = 64 << 20;
/** Nothing that is worth being sent packs better, over a whole frame. */
const mostPacked = 50;

/**
 * What the batches of one frame may decompress to, all together: a few bytes can stand for many, and while they are
 * unpacked nobody else is served.
 */
export class UnpackBudget {
  #left: number;

  constructor(frameBytes: number) {
    this.#left = batchCap + frameBytes * mostPacked;
  }

  /** The records of a batch. One that does not unpack costs what it may have come to before that was seen. */
  unpacked(records: Uint8Array, batch: RecordBatch): Uint8Array {
    const cap = Math.min(batchCap, this.#left);
    let cost = cap;
    try {
      const payload = batchPayload(records, batch, cap);
      cost = payload.length;
      return payload;
    } finally {
      this.#left -= cost;
    }
  }
}

export type MaskedRecords =
  | { readonly kind: 'unchanged'; readonly counts: readonly MaskCount[] }
  | { readonly kind: 'masked'; readonly records: Uint8Array; readonly counts: readonly MaskCount[] }
  /** Some value cannot be masked and may not pass: the whole partition is refused. `code` never tells data. */
  | { readonly kind: 'unmaskable'; readonly code: string; readonly counts: readonly MaskCount[] };

/**
 * Masks the values in a partition's records. Batches in which nothing changes keep their bytes; others are rebuilt with
 * the same header (offsets, timestamps, producer, sequence, codec). Control batches pass. A partial batch at the end of
 * a fetch is left out, since it would be plain text; on produce it is refused. Old formats and damage are refused.
 * What is rebuilt lies in `memory`.
 */
export function maskRecords(
  records: Uint8Array | null,
  masker: Masker,
  on: 'consume' | 'produce',
  budget: UnpackBudget = new UnpackBudget(records?.length ?? 0),
  memory?: RecordsMemory,
): MaskedRecords {
  if (records === null || records.length === 0) return { kind: 'unchanged', counts: [] };
  const tally = masker.tally();
  const unmaskable = (code: string): MaskedRecords => ({ kind: 'unmaskable', code, counts: tally.counts });
  const out = new Rebuilt(records, memory);
  let end = records.length;
  let batches = 0;
  for (const batch of iterateBatches(records)) {
    if (++batches > 1 && on === 'produce') return unmaskable('batches'); // brokers take one alone
    if (batch.kind === 'partial' && on === 'consume') {
      end = batch.start; // it is the last one
      break;
    }
    if (batch.kind !== 'batch') return unmaskable(batch.kind);
    if (batch.control) {
      if (on === 'produce') return unmaskable('control');
      continue;
    }
    // A batch that is damaged must not be signed anew.
    if (!crcMatches(records, batch)) return unmaskable('crc');
    const fault = maskBatch(out, batch, masker, budget, tally);
    if (fault !== undefined) return unmaskable(fault);
  }
  const masked = out.finish(end);
  return masked === records
    ? { kind: 'unchanged', counts: tally.counts }
    : { kind: 'masked', records: masked, counts: tally.counts };
}

/** Masks one batch, or says why it cannot be masked. */
function maskBatch(
  out: Rebuilt,
  batch: RecordBatch,
  masker: Masker,
  budget: UnpackBudget,
  tally: MaskTally,
): string | undefined {
  try {
    const payload = budget.unpacked(out.records, batch);
    const walk = new RecordWalk(payload, batch.count);
    let builder: RecordsBuilder | undefined;
    let copied = 0; // bytes of the payload that the builder already has
    while (walk.next()) {
      const value = walk.value();
      if (!value) continue; // a tombstone hides nothing
      const result = masker.mask(value);
      if (result.kind === 'unmaskable') return result.code;
      if (result.kind === 'unchanged') continue;
      result.count(tally);
      builder ??= out.open(batch, payload.length);
      builder.copy(payload, copied, walk.start);
      builder.record(payload, walk, result.size, result);
      copied = walk.end;
    }
    if (!builder) return undefined;
    builder.copy(payload, copied, payload.length);
    out.close(batch);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** A partition's records, in which some batches are put together again. Costs nothing while none is. */
class Rebuilt {
  readonly records: Uint8Array;
  readonly #memory: RecordsMemory | undefined;
  #builder: RecordsBuilder | undefined;
  /** Bytes of the records that the builder stands for. */
  #done = 0;

  constructor(records: Uint8Array, memory: RecordsMemory | undefined) {
    this.records = records;
    this.#memory = memory;
  }

  /** Begins the batch anew, behind what was before it. */
  open(batch: RecordBatch, expected: number): RecordsBuilder {
    this.#builder ??= new RecordsBuilder(more(this.records.length), this.#memory);
    this.#builder.copy(this.records, this.#done, batch.start);
    this.#builder.begin(more(expected), batch.codec);
    return this.#builder;
  }

  close(batch: RecordBatch): void {
    this.#builder!.end(this.records, batch);
    this.#done = batch.end;
  }

  /** The records up to `end`; the same object when nothing was changed. */
  finish(end: number): Uint8Array {
    const { records } = this;
    if (!this.#builder) return end === records.length ? records : records.subarray(0, end);
    this.#builder.copy(records, this.#done, end);
    return this.#builder.finish();
  }
}

/** Replacements are seldom much longer than what they replace. */
function more(bytes: number): number {
  return bytes + (bytes >> 4) + 256;
}
