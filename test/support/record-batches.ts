/** Record batches for tests, as a producer would write them. */
import { type Codec, codecs } from '../../core/bytes/compression.ts';
import { Cursor } from '../../core/bytes/cursor.ts';
import { Writer } from '../../core/bytes/writer.ts';
import { RecordWalk } from '../../gateway/kafka/wire/record.ts';
import { batchOffset, batchPayload, walkBatches } from '../../gateway/kafka/wire/record-batch.ts';
import { RecordsBuilder } from '../../gateway/kafka/wire/records-builder.ts';

/** How a batch differs from a plain one. */
export interface BatchOptions {
  readonly codec?: Codec;
  readonly baseOffset?: bigint;
  /** Bits besides the codec's, such as 0x20 for a control batch. */
  readonly attributes?: number;
}

/** A whole batch with these values (null: a tombstone), keys `k0`, `k1` and so on. */
export function batchOf(values: readonly (string | Uint8Array | null)[], options: BatchOptions = {}): Buffer {
  const payload = new Writer();
  values.forEach((value, i) => {
    const bytes = value === null ? undefined : Buffer.from(value as string);
    const body = new Writer((bytes?.length ?? 0) + 64);
    body.int8(0);
    body.varlong(0n);
    body.varint(i);
    body.varint(2);
    body.raw(Buffer.from(`k${i}`.slice(0, 2)));
    body.varint(bytes?.length ?? -1);
    if (bytes) body.raw(bytes);
    body.varint(0);
    payload.varint(body.byteLength);
    payload.append(body);
  });
  const head = Buffer.alloc(batchOffset.records);
  head.writeBigInt64BE(options.baseOffset ?? 0n, batchOffset.baseOffset);
  head.writeInt32BE(head.length - 12, batchOffset.length);
  head[batchOffset.magic] = 2;
  head.writeInt16BE(options.attributes ?? 0, batchOffset.attributes);
  head.writeInt32BE(values.length - 1, batchOffset.lastOffsetDelta);
  head.writeBigInt64BE(1_700_000_000_000n, batchOffset.baseTimestamp);
  head.writeBigInt64BE(1_700_000_000_000n, batchOffset.maxTimestamp);
  head.fill(0xff, batchOffset.producerId, batchOffset.count);
  head.writeInt32BE(values.length, batchOffset.count);
  return repacked(head, payload.toBuffer(), options.codec ?? 'none');
}

/** The batch with other records in it, uncompressed in `payload`, under a codec. */
export function repacked(batch: Uint8Array, payload: Uint8Array, codec: Codec): Buffer {
  const head = Buffer.from(batch);
  head.writeInt16BE((head.readInt16BE(batchOffset.attributes) & ~0x07) | codecs.indexOf(codec), batchOffset.attributes);
  const [old] = walkBatches(head);
  if (old?.kind !== 'batch') throw new TypeError('no batch was found');
  const builder = new RecordsBuilder(payload.length);
  builder.begin(payload.length, codec);
  builder.copy(payload, 0, payload.length);
  builder.end(head, old);
  return builder.finish();
}

/** A record as tests look at it. */
export interface SeenRecord {
  readonly offsetDelta: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [string, Buffer | null])[];
}

/** All records of a payload at once. */
export function readRecords(payload: Uint8Array, count: number): SeenRecord[] {
  const walk = new RecordWalk(payload, count);
  const seen: SeenRecord[] = [];
  while (walk.next()) {
    const value = walk.value();
    const key = field(new Cursor(payload, walk.keyStart, walk.end));
    const rest = new Cursor(payload, walk.valueEnd, walk.end);
    const headers = Array.from({ length: rest.varint() }, () => [String(field(rest)), field(rest)] as const);
    seen.push({ offsetDelta: walk.offsetDelta, key, value: value ? Buffer.from(value) : null, headers });
  }
  return seen;
}

function field(c: Cursor): Buffer | null {
  const length = c.varint();
  return length < 0 ? null : Buffer.from(c.slice(length));
}

/** The values in a blob of records, in order. */
export function valuesOf(records: Uint8Array | null): (string | null)[] {
  return [...walkBatches(records ?? new Uint8Array())].flatMap((batch) => {
    if (batch.kind !== 'batch') return [];
    const payload = batchPayload(records!, batch, 1 << 28);
    return readRecords(payload, batch.count).map(({ value }) => value?.toString() ?? null);
  });
}
